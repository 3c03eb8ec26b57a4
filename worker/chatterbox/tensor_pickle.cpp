// How it works: the file is a zip archive with NAME/data.pkl, a pickle, and NAME/data/KEY, the bytes of each storage.
// The pickle names storages by persistent ids ("storage", type, key, place, elements) and rebuilds tensors from them.
#include "worker/chatterbox/tensor_pickle.h"

#include <ATen/ATen.h>
#include <archive.h>
#include <archive_entry.h>

#include <cstring>
#include <limits>
#include <memory>
#include <variant>
#include <vector>

#include "config/fault.h"
#include "worker/weights/stored_tensor.h"

namespace lectern::chatterbox {

namespace {

constexpr std::size_t kMostBytes = 64 << 20, kMostMembers = 10000, kDeepest = 100;

struct Refused {  // caught where the file's name is known
  std::string what;
};

using Members = std::map<std::string, std::string>;  // without the folder that the archive holds them in

Members read_archive(const std::filesystem::path& file) {
  const std::unique_ptr<archive, int (*)(archive*)> zip(archive_read_new(), archive_read_free);
  archive_read_support_format_zip(zip.get());
  const auto check = [&](int result) {
    if (result < ARCHIVE_WARN)
      throw Refused{std::string("not a whole zip archive: ") + archive_error_string(zip.get())};
  };
  check(archive_read_open_filename(zip.get(), file.c_str(), 1 << 16));
  Members members;
  std::size_t bytes = 0;
  for (archive_entry* entry = nullptr;;) {
    const int result = archive_read_next_header(zip.get(), &entry);
    if (result == ARCHIVE_EOF) return members;
    check(result);
    const std::string path = archive_entry_pathname(entry) == nullptr ? "" : archive_entry_pathname(entry);
    std::string data;
    char buffer[1 << 14];
    for (la_ssize_t count = 0; (count = archive_read_data(zip.get(), buffer, sizeof buffer)) != 0;) {
      if (count < 0) check(static_cast<int>(count));
      data.append(buffer, static_cast<std::size_t>(std::max<la_ssize_t>(count, 0)));
      if (bytes + data.size() > kMostBytes) throw Refused{"it holds more than 64 MB"};
    }
    bytes += data.size();
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos) throw Refused{"it holds '" + path + "', which torch.save does not write"};
    if (!members.emplace(path.substr(slash + 1), std::move(data)).second || members.size() > kMostMembers) {
      throw Refused{"it holds '" + path + "' twice, or too many files"};
    }
  }
}

struct Value;
using Ref = std::shared_ptr<Value>;
struct None {};
struct Mark {};
struct Global {
  std::string name;  // "module name"
};
struct Storage {
  at::Tensor elements;  // 1-D
};
struct Tuple {
  std::vector<Ref> items;
};
struct Dict {
  std::vector<std::pair<std::string, Ref>> items;
};
struct Value {
  std::variant<None, Mark, bool, std::int64_t, std::string, Global, Storage, Tuple, Dict, at::Tensor> is;
};

template <typename T>
Ref make(T value) {
  return std::make_shared<Value>(Value{std::move(value)});
}

template <typename T>
T& as(const Ref& value, const char* what) {
  T* const found = std::get_if<T>(&value->is);
  if (found == nullptr) throw Refused{std::string("the pickle has something else where ") + what + " must stand"};
  return *found;
}

constexpr char kOrderedDict[] = "collections OrderedDict", kRebuild[] = "torch._utils _rebuild_tensor_v2";

struct StorageType {
  const char* name;
  at::ScalarType type;
};
constexpr StorageType kStorageTypes[] = {{"torch FloatStorage", at::kFloat},   {"torch LongStorage", at::kLong},
                                         {"torch HalfStorage", at::kHalf},     {"torch BFloat16Storage", at::kBFloat16},
                                         {"torch DoubleStorage", at::kDouble}, {"torch IntStorage", at::kInt}};

class Machine {
 public:
  Machine(const std::string& program, const Members& members) : program_(program), members_(members) {}

  Ref run() {
    while (true) {
      const std::size_t at = next_;
      const auto code = static_cast<unsigned char>(take(1)[0]);
      if (code == '.') return pop();
      if (!step(code)) {
        char text[80];
        std::snprintf(text, sizeof text, "instruction 0x%02x at byte %zu does more than build tensors", code, at);
        throw Refused{text};
      }
    }
  }

 private:
  std::string_view take(std::size_t count) {
    if (count > program_.size() - next_) throw Refused{"the pickle ends too early"};
    next_ += count;
    return std::string_view(program_).substr(next_ - count, count);
  }

  template <typename Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string line() {
    const std::size_t end = program_.find('\n', next_);
    if (end == std::string::npos) throw Refused{"the pickle ends too early"};
    const std::string text(take(end - next_));
    take(1);
    return text;
  }

  void push(Ref value) { stack_.push_back(std::move(value)); }

  Ref pop() {
    if (stack_.empty() || std::holds_alternative<Mark>(stack_.back()->is)) throw Refused{"the pickle's stack runs out"};
    Ref value = std::move(stack_.back());
    stack_.pop_back();
    return value;
  }

  std::vector<Ref> pop_to_mark() {
    std::size_t mark = stack_.size();
    while (mark > 0 && !std::holds_alternative<Mark>(stack_[mark - 1]->is)) --mark;
    if (mark == 0) throw Refused{"the pickle has no mark where one is needed"};
    std::vector<Ref> values(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark - 1);
    return values;
  }

  void push_tuple(std::size_t count) {
    std::vector<Ref> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push(make(Tuple{std::move(items)}));
  }

  void keep(std::size_t place) {
    if (stack_.empty()) throw Refused{"the pickle's stack runs out"};
    memo_[place] = stack_.back();
  }

  void recall(std::size_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) throw Refused{"the pickle recalls what it never kept"};
    push(found->second);
  }

  void push_global(const std::string& module, const std::string& name) {
    const std::string global = module + " " + name;
    bool known = global == kOrderedDict || global == kRebuild;
    for (const StorageType& type : kStorageTypes) known |= global == type.name;
    if (!known) throw Refused{"it wants to use '" + module + "." + name + "', which does more than build tensors"};
    push(make(Global{global}));
  }

  void set_items(const std::vector<Ref>& pairs) {
    if (pairs.size() % 2 != 0) throw Refused{"the pickle has a key without a value"};
    if (stack_.empty()) throw Refused{"the pickle's stack runs out"};
    auto& items = as<Dict>(stack_.back(), "a dictionary").items;
    for (std::size_t i = 0; i < pairs.size(); i += 2)
      items.emplace_back(as<std::string>(pairs[i], "a key"), pairs[i + 1]);
  }

  void load_storage() {
    const Ref id = pop();
    const auto& parts = as<Tuple>(id, "a storage's id").items;
    if (parts.size() != 5 || as<std::string>(parts[0], "a storage's id") != "storage") {
      throw Refused{"the pickle names something that is no storage"};
    }
    const std::string& type_name = as<Global>(parts[1], "a storage's type").name;
    at::ScalarType type = at::ScalarType::Undefined;
    for (const StorageType& known : kStorageTypes) {
      if (type_name == known.name) type = known.type;
    }
    const std::string& key = as<std::string>(parts[2], "a storage's key");
    const std::int64_t count = as<std::int64_t>(parts[4], "a storage's size");
    const auto found = members_.find("data/" + key);
    if (type == at::ScalarType::Undefined || found == members_.end() || count < 0 ||
        static_cast<std::uint64_t>(count) > kMostBytes ||
        found->second.size() != static_cast<std::size_t>(count) * c10::elementSize(type)) {
      throw Refused{"storage '" + key + "' does not have the bytes that the pickle says"};
    }
    const at::Tensor elements = at::empty({count}, type);
    std::memcpy(elements.data_ptr(), found->second.data(), found->second.size());
    push(make(Storage{elements}));
  }

  static weights::Shape numbers(const Ref& value, const char* what) {
    weights::Shape shape;
    for (const Ref& item : as<Tuple>(value, what).items) shape.push_back(as<std::int64_t>(item, what));
    return shape;
  }

  // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks): a view that must lie in its storage.
  static Ref rebuild(const std::vector<Ref>& arguments) {
    if (arguments.size() < 6) throw Refused{"the pickle rebuilds a tensor of too few parts"};
    const at::Tensor& elements = as<Storage>(arguments[0], "a storage").elements;
    const std::int64_t offset = as<std::int64_t>(arguments[1], "a tensor's offset");
    const auto size = numbers(arguments[2], "a tensor's size"), stride = numbers(arguments[3], "a tensor's stride");
    const Refused outside{"a tensor of size " + weights::shape_text(size) + " lies outside its storage"};
    std::int64_t last = offset;
    std::uint64_t count = 0;
    if (size.size() != stride.size() || size.size() > 8 || offset < 0 || !weights::count_elements(size, count) ||
        count > kMostBytes) {
      throw outside;
    }
    for (std::size_t i = 0; i < size.size(); ++i) {
      std::int64_t reach = 0;
      if (stride[i] < 0 || __builtin_mul_overflow(size[i] == 0 ? 0 : size[i] - 1, stride[i], &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        throw outside;
      }
    }
    if (count > 0 && last >= elements.numel()) throw outside;
    return make(count == 0 ? at::empty(size, elements.options())
                           : elements.as_strided(size, stride, offset).contiguous().clone());
  }

  void call() {
    const Ref arguments = pop(), function = pop();
    const std::string& name = as<Global>(function, "a function").name;
    const auto& items = as<Tuple>(arguments, "arguments").items;
    if (name == kRebuild) {
      push(rebuild(items));
    } else if (name == kOrderedDict && items.empty()) {
      push(make(Dict{}));
    } else {
      throw Refused{"the pickle calls '" + name + "'"};
    }
  }

  // False: an instruction that has no place in a dictionary of tensors.
  bool step(unsigned char code) {
    if (stack_.size() > 100000) throw Refused{"the pickle's stack grows without end"};
    switch (code) {
      case 0x80:  // PROTO
        if (const auto version = number<std::uint8_t>(); version < 2 || version > 5) {
          throw Refused{"pickle protocol " + std::to_string(version) + " is not known"};
        }
        return true;
      case 0x95:  // FRAME
        number<std::uint64_t>();
        return true;
      case '}':
        return push(make(Dict{})), true;
      case '(':
        return push(make(Mark{})), true;
      case 'X':
        return push(make(std::string(take(number<std::uint32_t>())))), true;
      case 0x8c:  // SHORT_BINUNICODE
        return push(make(std::string(take(number<std::uint8_t>())))), true;
      case 'N':
        return push(make(None{})), true;
      case 0x88:
        return push(make(true)), true;
      case 0x89:
        return push(make(false)), true;
      case 'J':
        return push(make<std::int64_t>(number<std::int32_t>())), true;
      case 'K':
        return push(make<std::int64_t>(number<std::uint8_t>())), true;
      case 'M':
        return push(make<std::int64_t>(number<std::uint16_t>())), true;
      case ')':
        return push(make(Tuple{})), true;
      case 't':
        return push(make(Tuple{pop_to_mark()})), true;
      case 0x85:
      case 0x86:
      case 0x87:
        return push_tuple(code - 0x84u), true;
      case 'c': {
        const std::string module = line();
        return push_global(module, line()), true;
      }
      case 0x93: {  // STACK_GLOBAL
        const Ref name = pop(), module = pop();
        return push_global(as<std::string>(module, "a module"), as<std::string>(name, "a name")), true;
      }
      case 'q':
        return keep(number<std::uint8_t>()), true;
      case 'r':
        return keep(number<std::uint32_t>()), true;
      case 0x94:  // MEMOIZE
        return keep(memo_.size()), true;
      case 'h':
        return recall(number<std::uint8_t>()), true;
      case 'j':
        return recall(number<std::uint32_t>()), true;
      case 'Q':
        return load_storage(), true;
      case 'R':
        return call(), true;
      case 's': {
        const Ref value = pop(), key = pop();
        return set_items({key, value}), true;
      }
      case 'u': {
        const auto pairs = pop_to_mark();
        return set_items(pairs), true;
      }
      default:
        return false;
    }
  }

  const std::string& program_;
  const Members& members_;
  std::size_t next_ = 0;
  std::vector<Ref> stack_;
  std::map<std::size_t, Ref> memo_;
};

void collect(const Dict& dict, const std::string& prefix, std::size_t depth,
             std::map<std::string, at::Tensor>& tensors) {
  if (depth > kDeepest) throw Refused{"its dictionaries hold each other"};
  for (const auto& [key, value] : dict.items) {
    if (const auto* tensor = std::get_if<at::Tensor>(&value->is)) tensors[prefix + key] = *tensor;
    if (const auto* inner = std::get_if<Dict>(&value->is)) collect(*inner, prefix + key + ".", depth + 1, tensors);
    if (tensors.size() > kMostMembers) throw Refused{"it holds too many tensors"};
  }
}

// Dictionaries that hold each other would keep themselves alive: take them apart.
void dissolve(const Ref& value) {
  if (auto* dict = std::get_if<Dict>(&value->is)) {
    auto items = std::move(dict->items);
    dict->items.clear();
    for (auto& [key, inner] : items) dissolve(inner);
  }
}

}  // namespace

std::map<std::string, at::Tensor> read_tensor_pickle(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw Fault(Exit::not_found, "cannot read " + file.string());
  try {
    const Members members = read_archive(file);
    const auto program = members.find("data.pkl");
    if (program == members.end()) throw Refused{"it has no data.pkl"};
    if (const auto order = members.find("byteorder"); order != members.end() && order->second != "little") {
      throw Refused{"its numbers are not little-endian"};
    }
    Machine machine(program->second, members);
    const Ref whole = machine.run();
    std::map<std::string, at::Tensor> tensors;
    collect(as<Dict>(whole, "a dictionary"), "", 0, tensors);
    dissolve(whole);
    return tensors;
  } catch (const Refused& refused) {
    throw Fault(Exit::bad_input, file.string() + ": not a plain file of tensors: " + refused.what,
                "fetch the file again; files that run code are never read");
  }
}

}  // namespace lectern::chatterbox
