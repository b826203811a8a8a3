#include "attention/nn/weights.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "attention/nn/name_prefix.h"

namespace fovea {
namespace {

// Enough names to see the pattern in.
void list(std::ostream& out, const char* what, const std::vector<std::string>& names) {
  constexpr size_t kMost = 20;
  if (names.empty()) return;
  if (out.tellp() > 0) out << "; ";
  out << what;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) out << (i ? ", " : " ") << names[i];
  if (names.size() > kMost) out << " and " << names.size() - kMost << " more";
}

}  // namespace

ParameterStore::ParameterStore(uint64_t seed, Purpose purpose)
    : fresh_(true), purpose_(purpose), rng_(seed) {}
ParameterStore::ParameterStore(ParameterMap checkpoint, Purpose purpose)
    : checkpoint_(std::move(checkpoint)), fresh_(false), purpose_(purpose), rng_(0) {}
ParameterStore::ParameterStore(ParameterMap checkpoint, FineTuning tuning)
    : checkpoint_(std::move(checkpoint)),
      fresh_(false),
      purpose_(Purpose::kTraining),
      rng_(tuning.seed),
      tuning_(std::move(tuning)) {}
ParameterStore::ParameterStore(FineTuning tuning)
    : fresh_(true), purpose_(Purpose::kTraining), rng_(tuning.seed), tuning_(std::move(tuning)) {}

Tensor ParameterStore::draw(Shape shape, Init init) {
  if (init == Init::kZeros) return Tensor::full(shape, 0);
  if (init == Init::kOnes) return Tensor::full(shape, 1);
  // A head that is new over trained features starts small, as in transformers: those of a ViT are large, and
  // a loss far above that of a guess would be the first thing it learnt from.
  if (init == Init::kXavier && !fresh_) init = Init::kNormal002;
  Tensor value(shape);
  if (init == Init::kHe) {  // He et al. 2015, normal, by the fan-in of what follows the first axis
    const auto fan = static_cast<double>(shape.count() / std::max<int64_t>(shape[0], 1));
    for (int64_t i = 0; i < value.count(); ++i)
      value.mutable_data()[i] = static_cast<float>(std::sqrt(2 / fan) * rng_.normal());
    return value;
  }
  // Glorot & Bengio 2010, uniform; fan-out first, fan-in the rest.
  const auto fan_in =
      static_cast<double>(shape.count()) / static_cast<double>(std::max<int64_t>(shape[0], 1));
  const double bound = std::sqrt(6 / (fan_in + static_cast<double>(shape[0])));
  for (int64_t i = 0; i < value.count(); ++i)
    value.mutable_data()[i] =
        static_cast<float>(init == Init::kXavier ? bound * (2 * rng_.uniform() - 1)
                                                 : (init == Init::kNormal002 ? 0.02 : 1) * rng_.normal());
  return value;
}

// A config at odds with its checkpoint must not fill the memory with what stands in for the rest.
Tensor ParameterStore::stand_in(Shape shape) {
  constexpr int64_t kMost = int64_t{1} << 26;
  gave_up_ = gave_up_ || shape.count() > kMost - zeros_;
  if (gave_up_) fail("parameters: too many are missing or of another shape; use the files of one checkpoint");
  zeros_ += shape.count();
  return Tensor::full(shape, 0);
}

Tensor ParameterStore::stored(const std::string& name, Shape shape) {
  const auto found = checkpoint_.find(name);
  if (found == checkpoint_.end()) {
    missing_.push_back(name);
    return stand_in(shape);
  }
  const StoredParameter& parameter = found->second;
  read_[name] = true;
  if (parameter.shape == shape) return parameter.read();
  std::ostringstream text;
  text << shown_name(parameter.origin) << " (holds " << parameter.shape << ", the config asks for " << shape
       << ")";
  misshapen_.push_back(text.str());
  return stand_in(shape);
}

Tensor ParameterStore::get(const std::string& name, Shape shape, const std::function<Tensor()>& anew,
                           bool trained) {
  const bool fresh = fresh_ || lies_under(name, tuning_.fresh);
  if (fresh && !fresh_) read_[name] = true;
  Tensor value = fresh ? anew() : stored(name, shape);
  if (trained) parameter_count_ += shape.count();
  if (purpose_ != Purpose::kTraining) return value;
  if (trained && !lies_under(name, tuning_.frozen)) {
    watch(value);
    parameters_.push_back({name, value});
  }
  state_.push_back({name, value});
  return value;
}

std::string ParameterStore::complaints(const std::function<std::string(const std::string&)>& spell) const {
  std::ostringstream out;
  std::vector<std::string> missing, unread;
  for (const std::string& name : missing_) missing.push_back(shown_name(spell(name)));
  for (const auto& [name, parameter] : checkpoint_)
    if (!gave_up_ && !read_.contains(name)) unread.push_back(shown_name(parameter.origin));
  list(out, "missing:", missing);
  list(out, "of another shape:", misshapen_);
  list(out, "read by no layer:", unread);
  if (gave_up_) out << "; the rest was not looked at";
  return out.str();
}

Weights Weights::operator/(const std::string& child) const {
  Weights place = *this;
  place.path_ = path_.empty() ? child : path_ + "." + child;
  return place;
}

Tensor Weights::get(const std::string& name, Shape shape, Init init) const {
  return store_->get((*this / name).path_, shape, [&] { return store_->draw(shape, init); }, true);
}

Tensor Weights::get(const std::string& name, const Tensor& start) const {
  return store_->get((*this / name).path_, start.shape(), [&] { return start.clone(); }, true);
}

Tensor Weights::buffer(const std::string& name, Shape shape, Init init) const {
  return store_->get((*this / name).path_, shape, [&] { return store_->draw(shape, init); }, false);
}

}  // namespace fovea
