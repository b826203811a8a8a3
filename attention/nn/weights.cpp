#include "attention/nn/weights.h"

#include <cmath>
#include <sstream>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"

namespace fovea {
namespace {

void list(std::ostream& out, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  if (out.tellp() > 0) out << "; ";
  out << what;
  for (size_t i = 0; i < names.size(); ++i) out << (i ? ", " : " ") << names[i];
}

}  // namespace

ParameterStore::ParameterStore(uint64_t seed, Purpose purpose)
    : fresh_(true), purpose_(purpose), rng_(seed) {}
ParameterStore::ParameterStore(ParameterMap checkpoint, Purpose purpose)
    : checkpoint_(std::move(checkpoint)), fresh_(false), purpose_(purpose), rng_(0) {}

Tensor ParameterStore::draw(Shape shape, Init init) {
  if (init == Init::kZeros) return Tensor::full(shape, 0);
  if (init == Init::kOnes) return Tensor::full(shape, 1);
  Tensor value(shape);
  // Glorot & Bengio 2010, uniform; fan-out first, fan-in the rest.
  const auto fan_in =
      static_cast<double>(shape.count()) / static_cast<double>(std::max<int64_t>(shape[0], 1));
  const double bound = std::sqrt(6 / (fan_in + static_cast<double>(shape[0])));
  for (int64_t i = 0; i < value.count(); ++i)
    value.mutable_data()[i] = static_cast<float>(init == Init::kNormal002 ? 0.02 * rng_.normal()
                                                                          : bound * (2 * rng_.uniform() - 1));
  return value;
}

Tensor ParameterStore::get(const std::string& name, Shape shape, Init init) {
  Tensor value;
  if (fresh_) {
    value = draw(shape, init);
  } else if (auto found = checkpoint_.find(name); found == checkpoint_.end()) {
    missing_.push_back(name);
  } else {
    read_[name] = true;
    if (found->second.shape == shape) {
      value = found->second.read();
    } else {
      std::ostringstream text;
      text << found->second.origin << " (holds " << found->second.shape << ", the config asks for " << shape
           << ")";
      misshapen_.push_back(text.str());
    }
  }
  constexpr int64_t kMostZeros = int64_t{1}
                                 << 28;  // a config at odds with its checkpoint must not fill the memory
  if (!value) value = Tensor::full(shape.count() <= kMostZeros ? shape : Shape{0}, 0);
  if (value.shape() != shape) fail("parameter ", name, " of shape ", shape, " is not in the checkpoint");
  parameter_count_ += shape.count();
  if (purpose_ == Purpose::kTraining) {
    watch(value);
    parameters_.push_back({name, value});
  }
  return value;
}

std::string ParameterStore::complaints(const std::function<std::string(const std::string&)>& spell) const {
  std::ostringstream out;
  std::vector<std::string> missing, unread;
  for (const std::string& name : missing_) missing.push_back(spell(name));
  for (const auto& [name, stored] : checkpoint_)
    if (!read_.contains(name)) unread.push_back(stored.origin);
  list(out, "missing:", missing);
  list(out, "of another shape:", misshapen_);
  list(out, "read by no layer:", unread);
  return out.str();
}

Weights Weights::operator/(const std::string& child) const {
  Weights place = *this;
  place.path_ = path_.empty() ? child : path_ + "." + child;
  return place;
}

Tensor Weights::get(const std::string& name, Shape shape, Init init) const {
  return store_->get((*this / name).path_, shape, init);
}

}  // namespace fovea
