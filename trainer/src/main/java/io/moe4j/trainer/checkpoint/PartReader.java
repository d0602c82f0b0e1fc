package io.moe4j.trainer.checkpoint;

import io.moe4j.api.InputException;
import io.moe4j.api.tensor.DType;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.TensorEntry;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one part of the state, such as the parameters, from all files to which it was written. Thread-safe. */
final class PartReader implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("(.+)\\[([0-9]+):([0-9]+)]");
    private final Path folder;
    private final ShardKind part;
    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, List<Piece>> pieces = new HashMap<>();

    /** Elements of a tensor; {@code whole} has its shape if all of them are here. */
    private record Piece(long from, long to, Optional<List<Long>> whole, DType dtype, MemorySegment data) {}

    /**
     * Opens the files.
     *
     * @param folder of the checkpoint
     * @param part what the files hold
     * @throws InputException if a file cannot be read, or does not have the format of a checkpoint
     */
    PartReader(Path folder, ShardKind part, List<Path> paths) {
        this.folder = folder;
        this.part = part;
        try {
            if (paths.isEmpty()) {
                throw new InputException(
                        folder + " has no file of " + part.role().text() + "; choose a checkpoint that is whole");
            }
            paths.forEach(path -> add(SafetensorsFile.open(path)));
            pieces.values().forEach(list -> list.sort(Comparator.comparingLong(Piece::from)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Checks that all elements of these tensors are there. */
    void check(List<NamedRange> wanted) {
        List<String> missing = wanted.stream().filter(range -> !covers(range)).map(NamedRange::entryName).toList();
        if (!missing.isEmpty()) {
            NamedRange first = wanted.stream().filter(range -> !covers(range)).findFirst().orElseThrow();
            String shape = of(first).stream().flatMap(piece -> piece.whole.stream()).findFirst()
                    .map(found -> ", whose shape is " + found + " there and " + first.shape() + " in the model")
                    .orElse("");
            throw new InputException(
                    folder + " lacks tensors, or parts of tensors, of this model in " + part.role().text()
                            + ": " + missing.size() + ", such as " + missing.getFirst() + shape
                            + part.remedy());
        }
    }

    /** Checks that the files have none of these tensors, which another optimizer has written. */
    void checkNone(Set<String> unwanted) {
        List<String> found = unwanted.stream().filter(pieces::containsKey).toList();
        if (!found.isEmpty()) {
            throw new InputException(folder + " has " + part.role().text() + " of tensors of which this run's optimizer"
                    + " keeps none: " + found.size() + ", such as " + found.getFirst() + part.remedy());
        }
    }

    /** Reads elements of a tensor into {@code into}, from {@code offset}. */
    void read(NamedRange range, float[] into, int offset) {
        for (Piece piece : of(range)) {
            long low = Math.max(range.from(), piece.from);
            long high = Math.min(range.to(), piece.to);
            if (low < high) {
                StoredNumbers.decode(piece.data, low - piece.from, piece.dtype, into,
                        Math.toIntExact(offset + low - range.from()), Math.toIntExact(high - low));
            }
        }
    }

    /** The widest type of those tensors that {@code names} accepts. */
    DType dtype(Predicate<String> names) {
        return pieces.entrySet().stream().filter(each -> names.test(each.getKey()))
                .flatMap(each -> each.getValue().stream()).map(Piece::dtype).anyMatch(DType::isSinglePrecision)
                        ? DType.F32
                        : DType.BF16;
    }

    /** Bytes of all tensors. */
    long bytes() {
        return pieces.values().stream().flatMap(List::stream).mapToLong(piece -> piece.data.byteSize()).sum();
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }

    /** Whether each element is in exactly one piece, and the pieces are of a tensor of this shape. */
    private boolean covers(NamedRange range) {
        long at = range.from();
        long end = 0;
        for (Piece piece : of(range)) {
            boolean fits = piece.to <= range.whole() && piece.from >= end
                    && piece.whole.map(range.shape()::equals).orElse(true);
            if (!fits) {
                return false;
            }
            end = piece.to;
            if (piece.from <= at && at < piece.to) {
                at = piece.to;
            }
        }
        return at >= range.to();
    }

    private List<Piece> of(NamedRange range) {
        return pieces.getOrDefault(range.name(), List.of());
    }

    private void add(SafetensorsFile file) {
        files.add(file);
        file.tensors().values().forEach(entry -> {
            if (!entry.type().dtype().map(DType::isPlainFloating).orElse(false)) {
                throw new InputException(file.path() + ": tensor \"" + entry.name() + "\" has elements of "
                        + entry.type() + ", and F32 or BF16 were expected; choose a checkpoint that is whole");
            }
            Matcher part = RANGE.matcher(entry.name());
            String name = part.matches() ? part.group(1) : entry.name();
            pieces.computeIfAbsent(name, ignored -> new ArrayList<>())
                    .add(part.matches() ? range(file, entry, part.group(2), part.group(3)) : whole(file, entry));
        });
    }

    private static Piece whole(SafetensorsFile file, TensorEntry entry) {
        return new Piece(0, entry.elements(), Optional.of(entry.shape()), entry.dtype(), file.data(entry.name()));
    }

    private static Piece range(SafetensorsFile file, TensorEntry entry, String from, String to) {
        try {
            Piece piece = new Piece(Long.parseLong(from), Long.parseLong(to), Optional.empty(), entry.dtype(),
                    file.data(entry.name()));
            if (piece.to - piece.from == entry.elements()) {
                return piece;
            }
        } catch (NumberFormatException e) {
            // No tensor has a range that ends beyond 2^63.
        }
        throw new InputException(file.path() + ": tensor \"" + entry.name() + "\" has " + entry.elements()
                + " elements, which is not what the range in its name says; choose a checkpoint that is whole");
    }
}
