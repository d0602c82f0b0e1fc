package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.InputException;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.TensorEntry;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one part of the state, from all files that it was written to. Safe for use by many threads. */
final class PartReader implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("(.+)\\[(\\d+):(\\d+)]");
    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, List<Piece>> pieces = new HashMap<>();

    private record Piece(long from, long to, DType dtype, MemorySegment data) {}

    PartReader(List<Path> paths) {
        try {
            paths.forEach(path -> add(SafetensorsFile.open(path)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Checks that all of these are there. */
    void check(List<NamedRange> wanted) {
        List<String> missing = wanted.stream().filter(range -> !covers(range)).map(NamedRange::entryName).toList();
        if (!missing.isEmpty()) {
            throw new InputException(files.getFirst().path().getParent() + " lacks " + missing.size()
                    + " tensors or parts of tensors of this model, such as " + missing.getFirst()
                    + "; resume with the model that the checkpoint was written by");
        }
    }

    /** Reads elements of a tensor into {@code into}, from {@code offset}. */
    void read(NamedRange range, float[] into, int offset) {
        for (Piece piece : of(range)) {
            long low = Math.max(range.from(), piece.from);
            long high = Math.min(range.to(), piece.to);
            if (low < high) {
                Elements.decode(piece.data, low - piece.from, piece.dtype, into,
                        Math.toIntExact(offset + low - range.from()), Math.toIntExact(high - low));
            }
        }
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }

    private boolean covers(NamedRange range) {
        boolean fits = of(range).stream().allMatch(piece -> piece.to <= range.whole());
        return fits && of(range).stream().mapToLong(piece -> Math.max(0,
                Math.min(range.to(), piece.to) - Math.max(range.from(), piece.from))).sum() == range.count();
    }

    private List<Piece> of(NamedRange range) {
        return pieces.getOrDefault(range.name(), List.of());
    }

    private void add(SafetensorsFile file) {
        files.add(file);
        file.tensors().values().forEach(entry -> {
            Matcher part = RANGE.matcher(entry.name());
            String name = part.matches() ? part.group(1) : entry.name();
            long from = part.matches() ? Long.parseLong(part.group(2)) : 0;
            pieces.computeIfAbsent(name, ignored -> new ArrayList<>()).add(piece(file, entry, from));
        });
    }

    private static Piece piece(SafetensorsFile file, TensorEntry entry, long from) {
        return new Piece(from, from + entry.elements(), entry.dtype(), file.data(entry.name()));
    }
}
