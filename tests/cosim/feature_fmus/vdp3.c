#include "vdp.h"
#include "exchange3.h"
