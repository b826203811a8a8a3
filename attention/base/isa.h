#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// The instruction sets that the kernels were compiled for and this CPU runs, best first: of "avx512", "avx2",
// "sse4", "scalar" on x86-64.
std::vector<std::string> runnable_isas();

// The one in use: the best, unless $FOVEA_ISA or force_isa() says otherwise. Fails if $FOVEA_ISA names one
// that cannot run here. Every dispatched kernel asks for it once, before its first call.
std::string_view active_isa();

// Switches all kernels to one of runnable_isas(); empty: back to the best. Weights packed before the switch
// no longer fit. For tests; not while kernels run.
void force_isa(std::string_view name);

}  // namespace fovea
