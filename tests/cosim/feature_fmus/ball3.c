#include "ball.h"
#include "exchange3.h"
