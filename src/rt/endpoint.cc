#include "rt/endpoint.h"
namespace ph::rt {}
