// Volumes and label maps to files through ITK.
#include "io/volume/volume_file.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/file_pattern.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <itkImage.h>
#include <itkImageFileWriter.h>
#include <itkImportImageFilter.h>
#include <itkMetaDataObject.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>
#include <unistd.h>
#include <zlib.h>

namespace ctforge::io {

namespace fs = std::filesystem;

namespace {

// Chosen here, by name: ITK's own factories depend on what happens to be linked.
itk::ImageIOBase::Pointer image_io(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".nii") || name.ends_with(".nii.gz")) return itk::NiftiImageIO::New().GetPointer();
  if (name.ends_with(".nrrd")) return itk::NrrdImageIO::New().GetPointer();
  if (name.ends_with(".mha")) return itk::MetaImageIO::New().GetPointer();
  throw std::invalid_argument("a volume is written as .nii, .nii.gz, .nrrd or .mha");
}

[[noreturn]] void fail(int error) {
  throw std::system_error(error, std::generic_category(), "a volume cannot be written");
}

// ITK does not say why a file could not be written: what another write finds wrong.
[[noreturn]] void fail_like_another_write(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const std::vector<char> more(1 << 20);
  const bool fits = descriptor >= 0 && ::write(descriptor, more.data(), more.size()) == 1 << 20;
  const int error = fits ? EIO : errno == 0 ? ENOSPC : errno;
  if (descriptor >= 0) ::close(descriptor);
  fail(error);
}

// ITK's NIfTI writer says nothing at all when the disk is full.
void require_whole(const fs::path& file, std::uintmax_t bytes) {
  std::error_code unreadable;
  if (fs::file_size(file, unreadable) != bytes || unreadable) fail_like_another_write(file);
}

void compress(const fs::path& from, const fs::path& to) {
  std::ifstream in(from, std::ios::binary);
  errno = 0;
  const gzFile out = ::gzopen(to.c_str(), "wb6");
  if (out == nullptr) fail(errno == 0 ? ENOMEM : errno);
  std::vector<char> block(1 << 20);
  bool good = true;
  while (good && in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto bytes = static_cast<unsigned>(in.gcount());
    good = bytes == 0 || ::gzwrite(out, block.data(), bytes) == static_cast<int>(bytes);
  }
  good = ::gzclose(out) == Z_OK && good && in.eof();
  if (!good) fail_like_another_write(to);
}

// NIfTI-1 of one file: a header of 352 bytes, then voxels. ITK writes no text into it.
void finish_nifti(const fs::path& raw, const fs::path& part, std::uintmax_t voxel_bytes) {
  constexpr std::streamoff kHeaderBytes = 352, kDescription = 148;
  require_whole(raw, kHeaderBytes + voxel_bytes);
  std::fstream header(raw, std::ios::binary | std::ios::in | std::ios::out);
  header.seekp(kDescription);
  header.write(kSyntheticNote, static_cast<std::streamsize>(std::strlen(kSyntheticNote)));
  header.close();
  if (!header) fail(EIO);
  if (raw != part) compress(raw, part);
}

// A file that goes when the object does.
class Removed {
 public:
  explicit Removed(fs::path file) : file_(std::move(file)) {}
  ~Removed() {
    std::error_code ignored;
    if (!file_.empty()) fs::remove(file_, ignored);
  }
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;

 private:
  fs::path file_;
};

template <class Voxel>
void write_image(const fs::path& path, const Geometry& geometry, const std::vector<Voxel>& voxels) {
  if (geometry.voxels() != static_cast<std::int64_t>(voxels.size()) || voxels.empty())
    throw std::invalid_argument("the number of voxels does not match the geometry");
  using Importer = itk::ImportImageFilter<Voxel, 3>;
  auto importer = Importer::New();
  typename Importer::RegionType region;
  typename Importer::SpacingType spacing;
  typename Importer::OriginType origin;
  typename Importer::DirectionType direction;
  for (unsigned int axis = 0; axis < 3; ++axis) {
    region.SetSize(axis, static_cast<itk::SizeValueType>(geometry.size[axis]));
    spacing[axis] = geometry.spacing_mm[axis];
    origin[axis] = geometry.origin_mm[axis];
    for (unsigned int column = 0; column < 3; ++column) direction[axis][column] = geometry.direction[axis][column];
  }
  importer->SetRegion(region);
  importer->SetSpacing(spacing);
  importer->SetOrigin(origin);
  importer->SetDirection(direction);
  // The importer only reads through the pointer, though its interface asks for a mutable one.
  importer->SetImportPointer(const_cast<Voxel*>(voxels.data()), voxels.size(), false);
  importer->Update();
  const typename itk::Image<Voxel, 3>::Pointer image = importer->GetOutput();
  image->DisconnectPipeline();  // an update of the importer would empty the dictionary
  itk::EncapsulateMetaData<std::string>(image->GetMetaDataDictionary(), "ITK_FileNotes", kSyntheticNote);
  const auto io = image_io(path);
  const std::string extension(volume_extension(path.filename().string()));
  write_atomically_by_name(path, [&](const fs::path& part) {
    fs::path raw = part;
    if (extension == ".nii.gz") raw.replace_extension();  // beside it, to be compressed when it is whole
    const Removed leftover(raw != part ? raw : fs::path());
    auto writer = itk::ImageFileWriter<itk::Image<Voxel, 3>>::New();
    writer->SetImageIO(io);
    writer->SetInput(image);
    writer->SetFileName(raw.string());
    writer->SetUseCompression(!extension.starts_with(".nii"));
    try {
      writer->Update();
    } catch (const itk::ExceptionObject&) {
      // Its text names the file, which the caller may not want told.
      fail_like_another_write(raw);
    }
    if (extension.starts_with(".nii")) finish_nifti(raw, part, voxels.size() * sizeof(Voxel));
  });
}

}  // namespace

void write_volume(const fs::path& path, const Volume& volume) { write_image(path, volume.geometry, volume.hu); }

void write_labels(const fs::path& path, const LabelMap& labels) { write_image(path, labels.geometry, labels.label); }

}  // namespace ctforge::io
