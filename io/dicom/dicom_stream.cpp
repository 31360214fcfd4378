// DCMTK's streams, with an eye on how deep they are read from and how much.
#include "io/dicom/dicom_stream.h"

#include "io/dicom/dicom_attributes.h"
#include "io/file/fault.h"

#include <cstdlib>
#include <utility>

#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcistrmf.h>

namespace ctforge::io {

namespace {

// DCMTK takes about 1 KB of stack for each level of nesting; threads have 8 MB, or as little as 1.
constexpr std::ptrdiff_t kMostStackBytes = 256 << 10;

// A stream that ends where it is read from too deep, or gives too much that was compressed. Every level of nesting
// begins with a read of its tag.
template <class Stream>
class Guarded : public Stream {
 public:
  template <class... Arguments>
  explicit Guarded(Arguments&&... arguments)
      : Stream(std::forward<Arguments>(arguments)...), start_(static_cast<const char*>(__builtin_frame_address(0))) {}

  OFBool good() const override { return !stopped_ && Stream::good(); }
  OFCondition status() const override { return stopped_ ? EC_CorruptedData : Stream::status(); }
  OFBool eos() override { return stopped_ || Stream::eos(); }
  offile_off_t avail() override { return stopped_ ? 0 : Stream::avail(); }
  offile_off_t read(void* buffer, offile_off_t bytes) override {
    const auto* here = static_cast<const char*>(__builtin_frame_address(0));
    stopped_ = stopped_ || std::abs(start_ - here) > kMostStackBytes;
    if (stopped_) return 0;
    if (!deflated_) return Stream::read(buffer, bytes);
    stopped_ = given_ + bytes > kMostDeflatedHeader;
    const offile_off_t got = stopped_ ? 0 : Stream::read(buffer, bytes);
    given_ += got;
    return got;
  }
  OFCondition installCompressionFilter(E_StreamCompression filter) override {
    deflated_ = true;
    return Stream::installCompressionFilter(filter);
  }

 private:
  const char* start_;  // of the stack, nearly
  bool stopped_ = false, deflated_ = false;
  offile_off_t given_ = 0;
};

ParsedDicom parse(DcmInputStream& stream) {
  ParsedDicom parsed;
  parsed.file = std::make_unique<DcmFileFormat>();
  parsed.file->transferInit();
  parsed.whole = parsed.file->readUntilTag(stream, EXS_Unknown, EGL_noChange, kLongestAttribute, DCM_PixelData).good();
  parsed.stopped_at = stream.tell();
  parsed.file->transferEnd();
  return parsed;
}

}  // namespace

ParsedDicom parse_to_pixels(const std::filesystem::path& path) {
  quiet_dcmtk();
  Guarded<DcmInputFileStream> stream(OFFilename(path.c_str()));
  if (stream.status().bad()) throw DataError(Fault::Unreadable, "a file cannot be opened");
  return parse(stream);
}

ParsedDicom parse_to_pixels(std::string_view bytes) {
  quiet_dcmtk();
  Guarded<DcmInputBufferStream> stream;
  stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  stream.setEos();
  return parse(stream);
}

}  // namespace ctforge::io
