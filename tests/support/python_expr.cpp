#include "tests/support/python_expr.h"

#include <cctype>
#include <charconv>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Kind = PythonExpr::Kind;

PythonExpr node(Kind kind, std::string text = {}, std::vector<PythonExpr> items = {}) {
  return {kind, std::move(text), 0, std::move(items), {}};
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}
bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c));
}

// Recursive descent, one function a level of precedence.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  PythonExpr whole() {
    PythonExpr expr = expression();
    if (skip_spaces(), at_ < text_.size()) stop("an operator or the end");
    return expr;
  }

 private:
  PythonExpr expression() {
    if (accept_word("lambda")) return lambda();
    return sum();
  }

  PythonExpr lambda() {
    std::string parameters;
    do {
      if (!parameters.empty()) parameters += ",";
      parameters += word();
    } while (accept(","));
    expect(":");
    return node(Kind::kLambda, parameters, {expression()});
  }

  PythonExpr sum() {
    PythonExpr left = product();
    while (true) {
      if (accept("+")) {
        left = node(Kind::kBinary, "+", {left, product()});
      } else if (accept("-")) {
        left = node(Kind::kBinary, "-", {left, product()});
      } else {
        return left;
      }
    }
  }

  PythonExpr product() {
    PythonExpr left = unary();
    while (true) {
      if (accept("*")) {  // never the start of "**": power() has taken that
        left = node(Kind::kBinary, "*", {left, unary()});
      } else if (accept("/")) {
        left = node(Kind::kBinary, "/", {left, unary()});
      } else {
        return left;
      }
    }
  }

  PythonExpr unary() {
    if (accept("-")) return node(Kind::kNegate, {}, {unary()});
    if (accept("+")) return unary();
    return power();
  }

  PythonExpr power() {  // binds tighter than a minus on its left, and to the right
    PythonExpr base = postfix();
    if (!accept("**")) return base;
    return node(Kind::kBinary, "**", {base, unary()});
  }

  PythonExpr postfix() {
    PythonExpr expr = atom();
    while (true) {
      if (accept("(")) {
        expr = node(Kind::kCall, {}, {expr});
        arguments(expr);
      } else if (accept("[")) {
        PythonExpr index = expression();
        expect("]");
        expr = node(Kind::kIndex, {}, {expr, index});
      } else if (accept(".")) {
        expr = node(Kind::kAttribute, word(), {expr});
      } else {
        return expr;
      }
    }
  }

  void arguments(PythonExpr& call) {
    while (!accept(")")) {
      const size_t start = at_;
      std::string name;
      if (skip_spaces(), at_ < text_.size() && is_word(text_[at_]) && !is_digit(text_[at_])) name = word();
      if (!name.empty() && accept("=")) {
        call.keywords.emplace_back(name, expression());
      } else {
        at_ = start;
        call.items.push_back(expression());
      }
      if (!accept(",")) {
        expect(")");
        return;
      }
    }
  }

  PythonExpr atom() {
    skip_spaces();
    if (accept("(")) return group();
    if (accept("[")) {
      PythonExpr list = node(Kind::kList);
      while (!accept("]")) {
        list.items.push_back(expression());
        if (!accept(",") && (expect("]"), true)) break;
      }
      return list;
    }
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '\'' || first == '"') return string(first);
    if (is_digit(first) || first == '.') return number();
    if (!is_word(first)) stop("a value");
    return name();
  }

  PythonExpr group() {  // (a), (a,), (a, b) or ()
    PythonExpr tuple = node(Kind::kTuple);
    if (accept(")")) return tuple;
    tuple.items.push_back(expression());
    if (accept(")")) return tuple.items[0];
    while (!accept(")")) {
      expect(",");
      if (accept(")")) break;
      tuple.items.push_back(expression());
    }
    return tuple;
  }

  PythonExpr string(char quote) {
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) stop("a closing quote");
    PythonExpr expr = node(Kind::kString, std::string(text_.substr(at_ + 1, end - at_ - 1)));
    at_ = end + 1;
    return expr;
  }

  PythonExpr number() {
    PythonExpr expr = node(Kind::kNumber);
    const char* start = text_.data() + at_;
    const auto [end, error] = std::from_chars(start, text_.data() + text_.size(), expr.number);
    if (error != std::errc()) stop("a number");
    at_ += static_cast<size_t>(end - start);
    return expr;
  }

  PythonExpr name() {
    PythonExpr expr = node(Kind::kName, word());
    if (expr.text == "None") return node(Kind::kNone);
    if (expr.text != "True" && expr.text != "False") return expr;
    PythonExpr truth = node(Kind::kBool);
    truth.number = expr.text == "True";
    return truth;
  }

  std::string word() {
    skip_spaces();
    const size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ == start) stop("a name");
    return std::string(text_.substr(start, at_ - start));
  }

  bool accept(std::string_view token) {
    skip_spaces();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  bool accept_word(std::string_view token) {
    skip_spaces();
    const size_t end = at_ + token.size();
    if (text_.substr(at_, token.size()) != token || (end < text_.size() && is_word(text_[end]))) return false;
    at_ = end;
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) stop("'" + std::string(token) + "'");
  }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  [[noreturn]] void stop(const std::string& wanted) const {
    throw UnknownPython("python: \"" + std::string(text_) + "\" needs " + wanted + " at character " +
                        std::to_string(at_ + 1));
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

PythonExpr parse_python(std::string_view text) {
  return Parser(text).whole();
}

std::string dotted_name(const PythonExpr& expr) {
  if (expr.kind == Kind::kName) return expr.text;
  if (expr.kind != Kind::kAttribute) return {};
  const std::string owner = dotted_name(expr.items[0]);
  return owner.empty() ? owner : owner + "." + expr.text;
}

}  // namespace fovea
