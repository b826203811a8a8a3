#include "tests/support/python_arguments.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"

namespace fovea {

using Kind = PythonExpr::Kind;

PythonArguments::PythonArguments(const PythonExpr& call, const std::vector<const char*>& parameters)
    : PythonArguments(call, nullptr, parameters) {}

PythonArguments::PythonArguments(const PythonExpr& call, const PythonExpr* receiver,
                                 const std::vector<const char*>& parameters) {
  std::vector<const PythonExpr*> positional;
  if (receiver) positional.push_back(receiver);
  for (size_t i = 1; i < call.items.size(); ++i) positional.push_back(&call.items[i]);
  if (positional.size() > parameters.size()) {
    fail(dotted_name(call.items[0]), ": takes ", parameters.size(), " arguments here, got ",
         positional.size());
  }
  for (size_t i = 0; i < positional.size(); ++i) bound_[parameters[i]] = positional[i];
  for (const auto& [name, value] : call.keywords) {
    if (std::find(parameters.begin(), parameters.end(), name) == parameters.end()) {
      fail(dotted_name(call.items[0]), ": does not know argument '", name, "'");
    }
    if (!bound_.emplace(name, &value).second) fail(dotted_name(call.items[0]), ": '", name, "' given twice");
  }
}

const PythonExpr* PythonArguments::find(const std::string& name) const {
  const auto found = bound_.find(name);
  return found == bound_.end() || found->second->kind == Kind::kNone ? nullptr : found->second;
}

bool PythonArguments::given_none(const std::string& name) const {
  const auto found = bound_.find(name);
  return found != bound_.end() && found->second->kind == Kind::kNone;
}

const PythonExpr& PythonArguments::need(const std::string& name) const {
  const PythonExpr* expr = find(name);
  if (!expr) fail("python: argument '", name, "' is missing");
  return *expr;
}

double PythonArguments::number(const std::string& name, double otherwise) const {
  const PythonExpr* expr = find(name);
  return expr ? python_number(*expr) : otherwise;
}

int64_t PythonArguments::integer(const std::string& name) const {
  return static_cast<int64_t>(python_number(need(name)));
}

int64_t PythonArguments::integer(const std::string& name, int64_t otherwise) const {
  return find(name) ? integer(name) : otherwise;
}

bool PythonArguments::flag(const std::string& name, bool otherwise) const {
  const PythonExpr* expr = find(name);
  if (!expr) return otherwise;
  if (expr->kind != Kind::kBool) fail("python: argument '", name, "' needs True or False");
  return expr->number != 0;
}

std::string PythonArguments::string(const std::string& name, const std::string& otherwise) const {
  const PythonExpr* expr = find(name);
  if (!expr) return otherwise;
  if (expr->kind != Kind::kString) fail("python: argument '", name, "' needs a string");
  return expr->text;
}

std::vector<int64_t> PythonArguments::integers(const std::string& name) const {
  const PythonExpr* expr = find(name);
  if (!expr) return {};
  if (expr->kind != Kind::kTuple && expr->kind != Kind::kList) return {integer(name)};
  std::vector<int64_t> values;
  for (const PythonExpr& item : expr->items) values.push_back(static_cast<int64_t>(python_number(item)));
  return values;
}

double python_number(const PythonExpr& expr) {
  if (expr.kind == Kind::kNumber) return expr.number;
  if (expr.kind == Kind::kNegate) return -python_number(expr.items[0]);
  if (expr.kind == Kind::kBinary) {
    const double left = python_number(expr.items[0]), right = python_number(expr.items[1]);
    if (expr.text == "+") return left + right;
    if (expr.text == "-") return left - right;
    if (expr.text == "*") return left * right;
    if (expr.text == "/") return left / right;
    return std::pow(left, right);
  }
  fail("python: needs a number here");
}

}  // namespace fovea
