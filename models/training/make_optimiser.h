#pragma once
#include <memory>
#include <string>
#include <vector>

#include "attention/nn/weights.h"
#include "attention/optim/optimiser.h"
#include "models/training/trainer.h"

namespace fovea {

// What the options ask for, over these parameters. Muon takes the matrices inside the network, and leaves to
// AdamW `heads`, tables, and all that does not decay.
std::unique_ptr<Optimiser> make_optimiser(const TrainerOptions& options,
                                          const std::vector<Parameter>& parameters,
                                          const std::vector<std::string>& heads);

}  // namespace fovea
