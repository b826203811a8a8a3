#include "attention/checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/attention/checkpoint/files.h"

namespace fovea {
namespace {

const std::string kTwo =
    R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2,2],"data_offsets":[4,8]}})";

std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

void read_all(const std::filesystem::path& path) {
  const Safetensors file(path);
  for (const std::string& name : file.names()) (void)file.read(name);
}

struct Malformed {
  const char* what;
  std::string header;
  size_t data;  // bytes
  const char* message;
};

std::string one(const std::string& fields) {
  return "{\"a\":{" + fields + "}}";
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return one("\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets);
}

const std::vector<Malformed> kMalformed = {
    {"empty", "", 0, "not a JSON object"},
    {"array", "[1]", 0, "not a JSON object"},
    {"leading space", " {}", 0, "not a JSON object"},
    {"cut", R"({"a":)", 0, "not valid JSON at byte"},
    {"two documents", "{}{}", 0, "not valid JSON at byte"},
    {"hidden by a NUL", std::string("{}\0{}", 5), 0, "holds a NUL"},
    {"not UTF-8", "{\"\xFF\xFE\":{}}", 0, "not valid UTF-8"},
    {"tensor is a number", R"({"a":1})", 0, "tensor 'a' has a number in place of an object"},
    {"tensor is null", R"({"a":null})", 0, "null in place of an object"},
    {"deep", R"({"a":)" + std::string(100000, '[') + std::string(100000, ']') + "}", 0,
     "an array in place of an object"},
    {"deep field", one(R"("shape":[[1]])"), 0, "an array in place of a size"},
    {"object as offsets", one(R"("data_offsets":{})"), 0, "an object in place of two data_offsets"},
    {"no dtype", one(R"("shape":[1],"data_offsets":[0,4])"), 4, "tensor 'a' has no dtype"},
    {"no shape", one(R"("dtype":"F32","data_offsets":[0,4])"), 4, "tensor 'a' has no shape"},
    {"no offsets", one(R"("dtype":"F32","shape":[1])"), 4, "tensor 'a' has no data_offsets"},
    {"field twice", one(R"("dtype":"F32","dtype":"F32")"), 4, "has 'dtype' twice"},
    {"unknown field", one(R"("dtype":"F32","stride":[1])"), 4, "unknown field 'stride'"},
    {"name twice", R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}})", 0, "twice"},
    {"dtype unknown", one("F33", "[1]", "[0,4]"), 4, "dtype 'F33'"},
    {"dtype of eight bits", one("F8_E4M3", "[4]", "[0,4]"), 4, "dtype 'F8_E4M3'"},
    {"dtype is a number", one(R"("dtype":32)"), 4, "a number in place of a dtype"},
    {"size negative", one("F32", "[-1]", "[0,4]"), 4, "a negative number in place of a size"},
    {"size fractional", one("F32", "[1.0]", "[0,4]"), 4, "in place of a size"},
    {"size above 64 bits", one("F32", "[18446744073709551616]", "[0,4]"), 4, "in place of a size"},
    {"shape overflows", one("F32", "[4611686018427387904,4611686018427387904,4]", "[0,4]"), 4, "more values"},
    {"bytes overflow", one("F64", "[2305843009213693952]", "[0,0]"), 0, "more values"},
    {"rank 7", one("U8", "[1,1,1,1,1,1,1]", "[0,1]"), 1, "more than 6 axes"},
    {"offset negative", one("F32", "[1]", "[-4,0]"), 4, "a negative number in place of an unsigned offset"},
    {"one offset", one("F32", "[1]", "[4]"), 4, "1 data_offsets"},
    {"three offsets", one("F32", "[1]", "[0,4,8]"), 4, "more than two data_offsets"},
    {"offsets reversed", one("F32", "[1]", "[4,0]"), 4, "before its begin"},
    {"outside the file", one("F32", "[6]", "[0,24]"), 8, "ends at byte 24 of the data, which has only 8"},
    {"size differs", one("F32", "[2]", "[0,4]"), 4, "holds 4 bytes where [2] of F32 needs 8"},
    {"trailing bytes", one("F32", "[1]", "[0,4]"), 12, "the last 8 bytes belong to no tensor"},
    {"hole at the front", one("U8", "[1]", "[1,2]"), 2, "the 1 bytes before tensor 'a'"},
    {"hole",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
     3, "the 1 bytes before tensor 'b'"},
    {"overlap",
     R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
     3, "tensor 'b' overlaps"},
    {"metadata is a string", R"({"__metadata__":"x"})", 0, "in place of an object of strings"},
    {"metadata is a number", R"({"__metadata__":{"k":1}})", 0, "a number in place of a string"},
    {"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "__metadata__ twice"},
    {"metadata key twice", R"({"__metadata__":{"k":"1","k":"2"}})", 0, "'k' twice"},
    {"line break in a name", R"({"a\nb":1})", 0, "tensor 'a?b'"},
    {"long name", "{\"" + std::string(5000, 'n') + "\":1}", 0, "nnn...'"},
};

TEST(Safetensors, RejectsMalformedHeaders) {
  const Folder folder;
  for (const Malformed& c : kMalformed) {
    SCOPED_TRACE(c.what);
    const auto path = folder.write("bad.safetensors", safetensors_bytes(c.header, std::string(c.data, '\0')));
    const std::string message = message_of(path, [&] { Safetensors file(path); });
    EXPECT_NE(message.find(c.message), message.npos) << message;
    EXPECT_NE(message.find("; "), message.npos) << "no next step: " << message;
  }
}

TEST(Safetensors, RejectsWrongLengths) {
  const Folder folder;
  const std::pair<std::string, const char*> cases[] = {
      {"", "0 bytes are no safetensors file"},
      {"\1\2\3", "3 bytes are no safetensors file"},
      {std::string("\xE8\3\0\0\0\0\0\0{}", 10), "header should have 1000 bytes, the file has 10"},
      {std::string(7, '\xFF') + "\x7F{}", "above the limit"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"},
  };
  for (const auto& [bytes, expected] : cases) {
    const auto path = folder.write("bad.safetensors", bytes);
    const std::string message = message_of(path, [&] { Safetensors file(path); });
    EXPECT_NE(message.find(expected), message.npos) << message;
  }
}

TEST(Safetensors, RejectsWhatIsNoFile) {
  const Folder folder;
  const auto missing = folder.path() / "missing.safetensors";
  EXPECT_NE(message_of(missing, [&] { Safetensors file(missing); }).find("No such file"), std::string::npos);
  EXPECT_NE(message_of(folder.path(), [&] { Safetensors file(folder.path()); }).find("not a regular file"),
            std::string::npos);
}

TEST(Safetensors, RejectsEveryPrefix) {
  const Folder folder;
  const std::string whole = safetensors_bytes(kTwo, "12345678");
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto path = folder.write("cut.safetensors", whole.substr(0, length));
    EXPECT_THROW(Safetensors file(path), Error) << length;
  }
  EXPECT_NO_THROW(read_all(folder.write("whole.safetensors", whole)));
}

TEST(Safetensors, SurvivesEveryCorruptByteOfTheHeader) {
  const Folder folder;
  const std::string whole = safetensors_bytes(kTwo, "12345678");
  const auto path = folder.write("corrupt.safetensors", whole);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
  };
  int loaded = 0, rejected = 0;
  for (size_t at = 0; at < 8 + kTwo.size(); ++at) {
    for (int flip = 1; flip < 256; flip += at < 8 ? 1 : 3) {
      put(at, static_cast<char>(whole[at] ^ flip));
      try {
        read_all(path);
        ++loaded;  // another letter in a name, for one
      } catch (const Error&) {
        ++rejected;
      }
    }
    put(at, whole[at]);
  }
  EXPECT_GT(loaded, 50);
  EXPECT_GT(rejected, 5000);
}

TEST(Safetensors, ReadsEveryDtype) {
  const Folder folder;
  std::string header = "{", data;
  const auto add = [&]<class T>(const char* dtype, const std::vector<T>& values) {
    header += (header.size() > 1 ? ",\"" : "\"") + std::string(dtype) + "\":{\"dtype\":\"" + dtype +
              "\",\"shape\":[" + std::to_string(values.size()) + "],\"data_offsets\":[" +
              std::to_string(data.size()) + "," + std::to_string(data.size() + values.size() * sizeof(T)) +
              "]}";
    data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  };
  add("BOOL", std::vector<uint8_t>{0, 1, 1});  // three bytes, so that all others are unaligned
  add("F64", std::vector<double>{0.1, -1e300});
  add("F32", std::vector<float>{0.1f, -2});
  add("F16", std::vector<uint16_t>{0x3E00, 0xC000});
  add("BF16", std::vector<uint16_t>{0x3FC0, 0xC000});
  add("I64", std::vector<int64_t>{-3, 16777217});
  add("I32", std::vector<int32_t>{-3, 4});
  add("I16", std::vector<int16_t>{-3, 4});
  add("I8", std::vector<int8_t>{-3, 4});
  add("U64", std::vector<uint64_t>{3, std::numeric_limits<uint64_t>::max()});
  add("U32", std::vector<uint32_t>{3, 4294967295u});
  add("U16", std::vector<uint16_t>{3, 65535});
  add("U8", std::vector<uint8_t>{3, 200});
  const Safetensors file(folder.write("all.safetensors", safetensors_bytes(header + "}", data)));

  const float infinity = std::numeric_limits<float>::infinity();
  const std::map<std::string, std::vector<float>> expected = {
      {"BOOL", {0, 1, 1}},  {"F64", {0.1f, -infinity}}, {"F32", {0.1f, -2}},   {"F16", {1.5f, -2}},
      {"BF16", {1.5f, -2}}, {"I64", {-3, 16777216}},    {"I32", {-3, 4}},      {"I16", {-3, 4}},
      {"I8", {-3, 4}},      {"U64", {3, 0x1p64f}},      {"U32", {3, 0x1p32f}}, {"U16", {3, 65535}},
      {"U8", {3, 200}}};
  EXPECT_EQ(file.names().size(), expected.size());
  for (const auto& [name, values] : expected) {
    EXPECT_EQ(values_of(file.read(name)), values) << name;
    EXPECT_EQ(dtype_name(file.dtype(name)), name);
  }
}

TEST(Safetensors, ReadsScalarsEmptyTensorsRowsAndBytes) {
  const Folder folder;
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[6,6]},)"
      R"("s":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"r":{"dtype":"U8","shape":[2,2],"data_offsets":[2,6]}} )";
  const auto path =
      folder.write("odd.safetensors", safetensors_bytes(header, std::string("\0\x3C\1\2\3\4", 6)));
  const Safetensors file(path);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"e", "r", "s"}));
  EXPECT_EQ(file.read("s").shape(), Shape{});
  EXPECT_EQ(values_of(file.read("s")), std::vector<float>{1});
  EXPECT_EQ(file.read("e").shape(), (Shape{0, 3}));
  EXPECT_EQ(file.read_rows("e", 0, 0).count(), 0);
  EXPECT_EQ(values_of(file.read_rows("r", 1, 2)), (std::vector<float>{3, 4}));
  EXPECT_EQ(file.bytes("s")[1], std::byte{0x3C});
  EXPECT_NE(message_of(path, [&] { (void)file.read_rows("r", 1, 3); }).find("rows 1 to 3"),
            std::string::npos);
  EXPECT_NE(message_of(path, [&] { (void)file.read_rows("s", 0, 1); }).find("rows 0 to 1"),
            std::string::npos);
  EXPECT_NE(message_of(path, [&] { (void)file.read("x"); }).find("no tensor 'x' among its 3"),
            std::string::npos);
}

std::string status_line(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return line.substr(key.size() + 1);
  return "0";
}

// The point of reading piece by piece: a tensor's copy and its pages of the file are never in memory at once.
TEST(Safetensors, PeakMemoryIsOneTensor) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer keeps a shadow of every byte; run this in another preset";
#endif
  const Folder folder;
  constexpr int64_t kMiB = 1 << 20;
  save_safetensors(folder.path() / "large.safetensors", {{"a", Tensor::full({12 * kMiB}, 1)}});  // 48 MiB
  const Safetensors file(folder.path() / "large.safetensors");
  std::ofstream("/proc/self/clear_refs") << "5" << std::flush;  // the peak begins anew
  const int64_t before = std::stoll(status_line("VmRSS"));
  if (before == 0 || std::stoll(status_line("VmHWM")) > before + 4096)
    GTEST_SKIP() << "this kernel does not let /proc/self/clear_refs reset the peak";
  EXPECT_EQ(file.read("a").values().back(), 1);
  EXPECT_LT((std::stoll(status_line("VmHWM")) - before) / 1024, 48 + 20);
}

// Files made elsewhere; what they hold stands in meta.json there.
TEST(Safetensors, FormatCases) {
  const std::filesystem::path cases =
      std::filesystem::path(FOVEA_SOURCE_DIR) / "../shared/fixtures/loader/safetensors_format_cases";
  if (!std::filesystem::exists(cases)) GTEST_SKIP() << cases << " is not on this machine";
  int bad = 0;
  for (const auto& item : std::filesystem::directory_iterator(cases)) {
    if (!item.path().filename().string().starts_with("bad_")) continue;
    ++bad;
    EXPECT_FALSE(message_of(item.path(), [&] { read_all(item.path()); }).empty());
  }
  EXPECT_EQ(bad, 18);

  const Safetensors all(cases / "ok_all_dtypes.safetensors");
  EXPECT_EQ(all.metadata().at("k"), "v \u00e9");
  for (const std::string& name : all.names()) {
    std::vector<float> expected{1.5f, -2};
    if (!name.starts_with("F") && name != "BF16") expected = {3, name.starts_with("U") ? 200.0f : -4.0f};
    if (name == "BOOL") expected = {1, 0};
    EXPECT_EQ(values_of(all.read(name)), expected) << name;
  }
  EXPECT_TRUE(Safetensors(cases / "ok_no_tensors.safetensors").names().empty());
  const Safetensors odd(cases / "ok_scalar_and_empty.safetensors");
  EXPECT_EQ(values_of(odd.read("s")), std::vector<float>{0});
  EXPECT_EQ(odd.read("e").shape(), (Shape{0, 3}));
  EXPECT_EQ(odd.read("m").shape(), (Shape{1, 2}));
  EXPECT_EQ(values_of(odd.read("m")), (std::vector<float>{1, 2}));
  EXPECT_EQ(values_of(Safetensors(cases / "ok_unicode_names.safetensors").read("\u5c42.0.weight")).size(),
            2u);
  const Safetensors unaligned(cases / "ok_unsorted_unaligned.safetensors");
  EXPECT_EQ(values_of(unaligned.read("a")), (std::vector<float>{7, 8, 9}));
  EXPECT_EQ(values_of(unaligned.read("b")), (std::vector<float>{0, 1}));
}

}  // namespace
}  // namespace fovea
