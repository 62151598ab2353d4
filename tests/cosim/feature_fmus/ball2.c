#include "ball.h"
#include "exchange2.h"
