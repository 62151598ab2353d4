#include "vdp.h"
#include "exchange2.h"
