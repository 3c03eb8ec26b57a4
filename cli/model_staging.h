// The folder in which a model is put together, beside its final place: models/.NAME.new. It survives an interrupted
// pull and is gone on with by the next. Only a complete and checked one becomes models/NAME, in one rename.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalogue.h"
#include "config/sha256.h"

namespace lectern::cli {

class ModelStaging {
 public:
  // The caller holds the ModelLock. Creates the folder; takes over what an installed or interrupted one already has
  // of the right hash: the catalogue's, else, when `by_record`, the one that was recorded when it was installed.
  // `model` must outlive this.
  ModelStaging(const Paths& paths, const CatalogueModel& model, bool by_record);

  const CatalogueModel& model() const { return model_; }
  // Files that are not there yet.
  std::vector<const CatalogueFile*> missing() const;
  // The first of them that the model cannot do without; nullptr: none.
  const CatalogueFile* lacking() const;
  std::uint64_t missing_bytes() const;
  // Fault(no_space) when the missing files do not fit on the disk.
  void need_room() const;

  // Brings one file in: moved (from the same disk) or copied, checked against the catalogue. Fault(bad_input) naming
  // `from` when size or hash are others, or it is not whole; then nothing is left of it here.
  void move_in(const CatalogueFile& file, const std::filesystem::path& from);
  void copy_in(const CatalogueFile& file, const std::filesystem::path& from);
  // Takes over an installed file that is as it was recorded; false: there is none.
  bool keep_installed(const CatalogueFile& file);
  // The files that come with Lectern.
  void copy_shipped();

  // Writes installed.json and puts the folder into its place. Fault when a file is missing.
  InstalledModel install(const std::string& source);

  // One file that arrives in pieces.
  class Writer {
   public:
    Writer(ModelStaging& staging, const CatalogueFile& file, std::string origin);
    ~Writer();  // a file that was not finished is removed
    void write(std::string_view bytes);
    void finish();

   private:
    [[noreturn]] void refuse(const std::string& what) const;
    ModelStaging& staging_;
    const CatalogueFile& file_;
    std::string origin_;
    std::filesystem::path path_;
    int descriptor_ = -1;
    std::uint64_t bytes_ = 0;
    Sha256 hash_;
  };

 private:
  std::filesystem::path place(const CatalogueFile& file) const;  // makes its folder
  void remove_strangers();
  bool take_over(CatalogueFile file, const std::string& recorded);
  void record(const CatalogueFile& file, std::uint64_t bytes, const std::string& sha256);

  const Paths& paths_;
  const CatalogueModel& model_;
  std::filesystem::path folder_;
  std::optional<InstalledModel> installed_;
  std::vector<InstalledFile> present_;
};

// Whether a file is what the catalogue expects; `actual` gets what it is. A file that is not there is not.
bool matches(const CatalogueFile& file, const std::filesystem::path& path, InstalledFile* actual = nullptr);

// Removes a model and whatever of it was being put together. The caller holds the ModelLock.
void remove_model(const Paths& paths, const std::string& name);

}  // namespace lectern::cli
