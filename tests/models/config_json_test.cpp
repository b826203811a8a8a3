#include "models/config_json.h"

#include "models/class_labels.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

ConfigJson config(const std::string& text) {
  return ConfigJson("folder/config.json", text);
}

TEST(ConfigJson, ReadsWhatIsThereAndNullAsAbsent) {
  const ConfigJson c =
      config(R"({"size": 7, "number": 0.5, "flag": false, "text": "x", "one": 3, "two": [4, 5],
                                  "object": {"inner": 9}, "null": null})");
  EXPECT_EQ(c.size("size", 1), 7);
  EXPECT_EQ(c.number("number", 1), 0.5);
  EXPECT_EQ(c.number("size", 1), 7);
  EXPECT_FALSE(c.flag("flag", true));
  EXPECT_EQ(c.text("text", "y"), "x");
  EXPECT_EQ(c.sides("one", 1), std::pair(int64_t{3}, int64_t{3}));
  EXPECT_EQ(c.sides("two", 1), std::pair(int64_t{4}, int64_t{5}));
  EXPECT_EQ(c.at("object").size("inner", 1), 9);
  for (const char* absent : {"null", "nothing"}) {
    EXPECT_FALSE(c.has(absent));
    EXPECT_EQ(c.size(absent, 11), 11);
    EXPECT_EQ(c.text(absent, "y"), "y");
    EXPECT_TRUE(c.at(absent).json().empty());
  }
}

TEST(ConfigJson, RefusesWithFileAndKey) {
  const auto key = [](const ConfigJson& c) { c.size("key", 1); };
  for (const char* value :
       {"0", "-4", "1048577", "1e300", "2.0", "\"7\"", "18446744073709551615", "[7]", "true"})
    expect_words(refusal_of([&] { key(config(R"({"key": )" + std::string(value) + "}")); }),
                 {"folder/config.json: ", "\"key\""});
  for (const char* value : {"[]", "[1]", "[1, 2, 3]", "[1, 0]", "\"a\"", "{}"})
    expect_words(refusal_of([&] { config(R"({"key": )" + std::string(value) + "}").sides("key", 1); }),
                 {"folder/config.json: ", "\"key\""});
  const ConfigJson c = config(R"({"key": []})");
  refusal_of([&] { c.text("key"); });
  refusal_of([&] { c.flag("key", true); });
  refusal_of([&] { c.number("key", 1); });
  refusal_of([&] { c.at("key"); });
}

TEST(ConfigJson, RefusesWhatIsNoConfig) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const std::string& text : {std::string(), std::string("{"), std::string("[1]"), std::string("7"), deep,
                                  std::string("{\"a\": \"\xFF\"}")})
    EXPECT_TRUE(refusal_of([&] { config(text); }).starts_with("folder/config.json: ")) << text;
}

TEST(ClassLabels, NamesByIndexOrInOrder) {
  using Labels = std::vector<std::string>;
  EXPECT_EQ(labels_at(config(R"({"names": ["a", "b"]})"), "names", 2), (Labels{"a", "b"}));
  EXPECT_EQ(labels_at(config(R"({"names": {"10": "k", "2": "c"}})"), "names", 11)[10], "k");
  EXPECT_EQ(labels_at(config(R"({"names": {"1": "b"}})"), "names", 2), (Labels{"LABEL_0", "b"}));
  for (const char* names : {R"("a")", "3", R"(["a"])", R"(["a", "b", "c"])", R"(["a", 1])", R"({"2": "c"})",
                            R"({"-1": "c"})", R"({"a": 0})", R"({"0": null})", R"({"0x": "a"})",
                            R"({"99999999999999999999": "a"})", R"({"\n": "a"})"})
    expect_words(
        refusal_of([&] { labels_at(config(R"({"names": )" + std::string(names) + "}"), "names", 2); }),
        {"folder/config.json: ", "\"names\""});
}

}  // namespace
}  // namespace fovea
