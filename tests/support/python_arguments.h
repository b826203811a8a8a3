#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/python_expr.h"

namespace fovea {

// The arguments of a Python call by parameter name, as Python itself binds them. Fails on an argument that no
// parameter takes, so that nothing that a case asks for is passed over.
class PythonArguments {
 public:
  PythonArguments(const PythonExpr& call, const std::vector<const char*>& parameters);
  // A method call: `receiver` takes the first parameter.
  PythonArguments(const PythonExpr& call, const PythonExpr* receiver,
                  const std::vector<const char*>& parameters);

  const PythonExpr* find(const std::string& name) const;  // null: not given, or None
  bool given_none(const std::string& name) const;
  const PythonExpr& need(const std::string& name) const;
  double number(const std::string& name, double otherwise) const;
  int64_t integer(const std::string& name) const;
  int64_t integer(const std::string& name, int64_t otherwise) const;
  bool flag(const std::string& name, bool otherwise) const;
  std::string string(const std::string& name, const std::string& otherwise) const;
  std::vector<int64_t> integers(const std::string& name) const;  // of a number, a tuple or a list; else empty

 private:
  std::map<std::string, const PythonExpr*> bound_;  // into the expression given
};

// The value of a number with its signs; fails on anything else.
double python_number(const PythonExpr& expr);

}  // namespace fovea
