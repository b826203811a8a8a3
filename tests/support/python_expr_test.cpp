#include "tests/support/python_expr.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>

#include "attention/base/error.h"
#include "tests/support/golden.h"
#include "tests/support/python_arguments.h"

namespace fovea {
namespace {

using Kind = PythonExpr::Kind;

// Fully bracketed, so that precedence shows.
std::string spelled(const PythonExpr& e) {
  const auto list = [&](size_t from) {
    std::string text;
    for (size_t i = from; i < e.items.size(); ++i) text += (i > from ? "," : "") + spelled(e.items[i]);
    return text;
  };
  switch (e.kind) {
    case Kind::kName:
      return e.text;
    case Kind::kNumber:
      return std::to_string(e.number).substr(0, 4);
    case Kind::kString:
      return "'" + e.text + "'";
    case Kind::kBool:
      return e.number != 0 ? "True" : "False";
    case Kind::kNone:
      return "None";
    case Kind::kTuple:
      return "tuple(" + list(0) + ")";
    case Kind::kList:
      return "[" + list(0) + "]";
    case Kind::kAttribute:
      return spelled(e.items[0]) + "." + e.text;
    case Kind::kIndex:
      return spelled(e.items[0]) + "[" + spelled(e.items[1]) + "]";
    case Kind::kNegate:
      return "-(" + spelled(e.items[0]) + ")";
    case Kind::kBinary:
      return "(" + spelled(e.items[0]) + e.text + spelled(e.items[1]) + ")";
    case Kind::kLambda:
      return "lambda(" + e.text + ":" + spelled(e.items[0]) + ")";
    case Kind::kCall:
      break;
  }
  std::string text = spelled(e.items[0]) + "(" + list(1);
  for (const auto& [name, value] : e.keywords) text += ";" + name + "=" + spelled(value);
  return text + ")";
}

TEST(PythonExpr, ParsesValuesCallsAndPrecedence) {
  const std::pair<const char*, const char*> table[] = {
      {"m(x, x, attn_mask=mask)", "m(x,x;attn_mask=mask)"},
      {"x * torch.sigmoid(1.702 * x)", "(x*torch.sigmoid((1.70*x)))"},
      {"a + b * c ** -d / 2 - e", "((a+((b*(c**-(d)))/2.00))-e)"},
      {"-x ** 2", "-((x**2.00))"},
      {"x.var(dim=(1, 2), unbiased=False)", "x.var(;dim=tuple(1.00,2.00);unbiased=False)"},
      {"f([1,3], (4,), (), (5), 'a, b', None)", "f([1.00,3.00],tuple(4.00),tuple(),5.00,'a, b',None)"},
      {"NL['dot'].Block(12, 0., 1e-3)[0]", "NL['dot'].Block(12.0,0.00,0.00)[0.00]"},
      {"(lambda a, b: a + b)(x, y)", "lambda(a,b:(a+b))(x,y)"},
      {"f(a,)", "f(a)"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(spelled(parse_python(text)), expected) << text;
}

TEST(PythonExpr, RefusesWhatIsNotAnExpression) {
  for (const char* text :
       {"", "f(", "f(a b)", "x +", "'open", "[1, 2", "(1, 2", "x y", "f(=1)", "a.", "3 @ x"}) {
    EXPECT_THROW(parse_python(text), Error) << text;
  }
}

TEST(PythonExpr, NamesChainsOfAttributes) {
  EXPECT_EQ(dotted_name(parse_python("nn.functional.relu")), "nn.functional.relu");
  EXPECT_EQ(dotted_name(parse_python("f(x).relu")), "");
}

TEST(PythonArguments, BindsAsPythonDoes) {
  const PythonExpr call = parse_python("f(3, size=(4, -5), bias=False, mode='same', none=None)");
  const PythonArguments arguments(call, {"width", "size", "bias", "mode", "none", "rest"});
  EXPECT_EQ(arguments.integer("width"), 3);
  EXPECT_EQ(arguments.integers("size"), (std::vector<int64_t>{4, -5}));
  EXPECT_FALSE(arguments.flag("bias", true));
  EXPECT_EQ(arguments.string("mode", ""), "same");
  EXPECT_EQ(arguments.find("none"), nullptr);
  EXPECT_EQ(arguments.number("rest", 0.5), 0.5);
}

TEST(PythonArguments, RefusesWhatNoParameterTakes) {
  EXPECT_THROW(PythonArguments(parse_python("f(1, 2)"), {"a"}), Error);
  EXPECT_THROW(PythonArguments(parse_python("f(b=2)"), {"a"}), Error);
  EXPECT_THROW(PythonArguments(parse_python("f(1, a=2)"), {"a"}), Error);
}

TEST(PythonExpr, ParsesEveryExpressionOfTheFixtures) {
  int parsed = 0;
  for (const char* place : {"/tests/golden", "/../shared/fixtures"}) {
    const std::filesystem::path root = std::string(FOVEA_SOURCE_DIR) + place;
    if (!std::filesystem::is_directory(root)) {
      std::cout << root.string() << " is absent: its expressions are not tried\n";
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path().filename() != "meta.json") continue;
      const GoldenCase golden = load_golden(entry.path().parent_path());
      for (const char* key : {"constructor", "call"}) {
        const std::string text = golden.text(key);
        if (text.empty()) continue;
        EXPECT_NO_THROW(parse_python(text)) << entry.path();
        ++parsed;
      }
    }
  }
  EXPECT_GT(parsed, 0);
}

}  // namespace
}  // namespace fovea
