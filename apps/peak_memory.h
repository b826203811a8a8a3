#pragma once

namespace fovea {

// The most memory this process has held, in MB (10^6 bytes); 0 if the system does not say.
double peak_memory_mb();

}  // namespace fovea
