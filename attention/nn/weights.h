#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "attention/base/rng.h"
#include "attention/checkpoint/stored_parameter.h"
#include "attention/tensor/tensor.h"

namespace fovea {

enum class Init { kZeros, kOnes, kXavier, kNormal, kNormal002, kHe };
enum class Purpose {
  kInference,    // packs weights
  kTraining,     // records gradients of the parameters
  kExplanation,  // neither: gradients pass through, to the probes of Taps
};

struct Parameter {
  std::string name;
  Tensor value;
};

// A checkpoint to be trained further. Names are prefixes of our names, whole words: "layers.3" has
// "layers.3.norm1.weight", not "layers.30...".
struct FineTuning {
  uint64_t seed = 0;                // of what is drawn
  std::vector<std::string> frozen;  // these keep their values, and record nothing
  std::vector<std::string> fresh;   // these are drawn, whatever the checkpoint holds
};

// Every parameter of one model by its full name, from a checkpoint or drawn from a seed.
class ParameterStore {
 public:
  ParameterStore(uint64_t seed, Purpose purpose);              // all fresh
  ParameterStore(ParameterMap checkpoint, Purpose purpose);    // all loaded, each when a layer asks for it
  ParameterStore(ParameterMap checkpoint, FineTuning tuning);  // loaded for training, but for what is fresh
  // In training, from nothing: what `tuning` names as frozen stays as drawn.
  explicit ParameterStore(FineTuning tuning);

  // In training, each as the model asked: what is trained; and all there is to save (that, frozen ones, and
  // buffers such as running means), sharing their values with the model.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<Parameter>& state() const { return state_; }
  int64_t parameter_count() const { return parameter_count_; }
  bool holds(const std::string& name) const { return checkpoint_.contains(name); }

  // What did not fit: missing, of another shape, or read by no layer; the first names of each. Empty if all
  // is well. `spell` turns our name into the checkpoint's.
  std::string complaints(const std::function<std::string(const std::string&)>& spell) const;
  // So much did not fit that a get() failed, and the model was not built to its end.
  bool gave_up() const { return gave_up_; }

 private:
  friend class Weights;
  Tensor get(const std::string& name, Shape shape, const std::function<Tensor()>& anew, bool trained);
  Tensor draw(Shape shape, Init init);
  Tensor stored(const std::string& name, Shape shape);
  Tensor stand_in(Shape shape);

  ParameterMap checkpoint_;
  bool fresh_;
  Purpose purpose_;
  Rng rng_;
  int64_t parameter_count_ = 0, zeros_ = 0;
  bool gave_up_ = false;
  FineTuning tuning_;
  std::vector<Parameter> parameters_, state_;
  std::map<std::string, bool> read_;
  std::vector<std::string> missing_, misshapen_;
};

// A place in the tree of names, as a folder is in a file system. Layers take one in their constructor.
class Weights {
 public:
  explicit Weights(ParameterStore& store) : store_(&store) {}
  Weights operator/(const std::string& child) const;
  Weights operator/(int64_t index) const { return *this / std::to_string(index); }
  const std::string& path() const { return path_; }
  bool packs() const { return store_->purpose_ == Purpose::kInference; }

  // The parameter of that name here. One that a checkpoint lacks, or has in another shape, is noted for
  // complaints() and comes back as zeros, so that all of them can be told at once; fails if those are too
  // many.
  Tensor get(const std::string& name, Shape shape, Init init) const;
  // The same, which begins as a copy of `start` in place of a draw.
  Tensor get(const std::string& name, const Tensor& start) const;
  // The same for a value that is stored but not trained, such as a running mean.
  Tensor buffer(const std::string& name, Shape shape, Init init) const;

 private:
  ParameterStore* store_;
  std::string path_;
};

}  // namespace fovea
