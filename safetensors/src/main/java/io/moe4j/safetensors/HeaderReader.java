package io.moe4j.safetensors;

import io.moe4j.api.Shown;
import io.moe4j.api.InputException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads and checks headers, and collects all problems. */
final class HeaderReader {
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MOST_PROBLEMS = 8;
    /** What Git leaves in place of a file where Git LFS is not installed begins like this. */
    private static final String POINTER = "version https://git-lfs";

    private final List<String> problems = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final List<TensorEntry> entries = new ArrayList<>();
    private int problemCount;

    private HeaderReader() {}

    static Header read(Path path, MemorySegment file) {
        long size = file.byteSize();
        if (isPointer(file)) {
            throw new InputException(
                    path + " has " + size + " bytes and is only a pointer of Git LFS to the file, because the"
                            + " folder was cloned without it; fetch the files with git lfs pull, or download them");
        }
        long length = size < Header.LENGTH_BYTES ? -1 : file.get(LENGTH, 0);
        if (length < 0 || length > Header.LONGEST || length > size - Header.LENGTH_BYTES) {
            throw new InputException(path + " is no safetensors file, or is cut off: it has " + size + " bytes, and "
                    + (size < Header.LENGTH_BYTES ? "8 are needed to begin with"
                            : "its first 8 announce a header of " + Long.toUnsignedString(length)
                                    + " bytes, of which at most " + Header.LONGEST
                                    + " are read, and no more than the file has"));
        }
        byte[] json = file.asSlice(Header.LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        HeaderReader reader = new HeaderReader();
        reader.parse(path, json);
        Map<String, TensorEntry> tensors = reader.arrange(size - Header.LENGTH_BYTES - length);
        reader.refuse(path);
        return new Header(Collections.unmodifiableMap(reader.metadata), Collections.unmodifiableMap(tensors),
                Header.LENGTH_BYTES + length);
    }

    private static boolean isPointer(MemorySegment file) {
        MemorySegment pointer = MemorySegment.ofArray(POINTER.getBytes(StandardCharsets.UTF_8));
        return file.byteSize() > pointer.byteSize() && file.asSlice(0, pointer.byteSize()).mismatch(pointer) < 0;
    }

    private void parse(Path path, byte[] json) {
        JsonNode root;
        try {
            root = JsonMapper.shared().reader().with(StreamReadFeature.STRICT_DUPLICATE_DETECTION).readTree(json);
        } catch (JacksonException e) {
            throw new InputException(path + " is no safetensors file: its header is not valid JSON: "
                    + Shown.parserMessage(e.getOriginalMessage()));
        }
        if (!root.isObject()) {
            throw new InputException(path + " is no safetensors file: its header is not a JSON object");
        }
        root.properties().forEach(property -> {
            if (property.getKey().equals(Header.METADATA)) {
                readMetadata(property.getValue());
            } else {
                readTensor(property.getKey(), property.getValue());
            }
        });
    }

    private void readMetadata(JsonNode node) {
        if (!node.isObject()) {
            problem(Header.METADATA + " is not an object of strings");
        }
        node.properties().forEach(property -> {
            if (property.getValue().isString()) {
                metadata.put(property.getKey(), property.getValue().stringValue());
            } else {
                problem(Header.METADATA + "." + Shown.of(property.getKey()) + " is not a string");
            }
        });
    }

    private void readTensor(String name, JsonNode node) {
        JsonNode type = node.path("dtype");
        if (!type.isString() || !isCounts(node.path("shape")) || !isCounts(node.path("data_offsets"))
                || node.path("data_offsets").size() != 2) {
            problem("tensor \"" + Shown.of(name) + "\" is " + Shown.of(node)
                    + "; it needs a dtype (a string), a shape and two "
                    + "data_offsets (whole numbers of at least 0)");
            return;
        }
        StoredType dtype = StoredType.named(type.stringValue()).orElse(null);
        if (dtype == null) {
            problem("tensor \"" + Shown.of(name) + "\" has elements of " + Shown.of(type.stringValue()) + "; known are "
                    + StoredType.all());
            return;
        }
        List<Long> shape = node.path("shape").valueStream().map(JsonNode::longValue).toList();
        TensorEntry entry = new TensorEntry(name, dtype, shape, node.path("data_offsets").path(0).longValue(),
                node.path("data_offsets").path(1).longValue());
        OptionalLong bytes = bytes(entry);
        if (bytes.isEmpty() || entry.bytes() != bytes.getAsLong()) {
            problem("tensor \"" + Shown.of(entry) + "\" lies at bytes " + entry.from() + " to " + entry.to()
                    + ", which are "
                    + entry.bytes() + "; its type and shape need "
                    + (bytes.isEmpty() ? "more than 2^63" : bytes.getAsLong()));
            return;
        }
        entries.add(entry);
    }

    /** The tensors in the order of their data. They must cover the data without gap or overlap. */
    private Map<String, TensorEntry> arrange(long dataBytes) {
        entries.sort(Comparator.comparingLong(TensorEntry::from).thenComparingLong(TensorEntry::to));
        Map<String, TensorEntry> tensors = new LinkedHashMap<>();
        long end = 0;
        @Nullable TensorEntry previous = null;
        for (TensorEntry entry : entries) {
            if (entry.to() > dataBytes) {
                problem("tensor \"" + Shown.of(entry) + "\" ends at byte " + entry.to() + " of the data, which has "
                        + dataBytes + "; the file is cut off");
            } else if (entry.from() < end) {
                problem("tensor \"" + Shown.of(entry) + "\" begins at byte " + entry.from() + ", inside of "
                        + shown(previous)
                        + ", which ends at byte " + end);
            } else if (entry.from() > end && problems.isEmpty()) {
                problem("bytes " + end + " to " + entry.from() + " between " + shown(previous) + " and \""
                        + Shown.of(entry) + "\" belong to no tensor");
            }
            end = Math.max(end, entry.to());
            previous = entry;
            tensors.put(entry.name(), entry);
        }
        if (end < dataBytes && problems.isEmpty()) {
            problem("the last " + (dataBytes - end) + " bytes belong to no tensor");
        }
        return tensors;
    }

    private static String shown(@Nullable TensorEntry entry) {
        return entry == null ? "the header" : "\"" + Shown.of(entry) + "\"";
    }

    /** Keeps only the first problems: a header may have millions. */
    private void problem(String problem) {
        if (problemCount++ < MOST_PROBLEMS) {
            problems.add(problem);
        }
    }

    private void refuse(Path path) {
        if (problems.isEmpty()) {
            return;
        }
        StringBuilder message = new StringBuilder(path + " is damaged, or no safetensors file:");
        problems.forEach(problem -> message.append("\n- ").append(problem));
        if (problemCount > MOST_PROBLEMS) {
            message.append("\n- and ").append(problemCount - MOST_PROBLEMS).append(" more");
        }
        throw new InputException(message.toString());
    }

    /** Bytes that type and shape need; empty if the number does not fit into a long. */
    private static OptionalLong bytes(TensorEntry entry) {
        try {
            return OptionalLong.of(Math.multiplyExact(entry.elements(), entry.type().bytes()));
        } catch (ArithmeticException e) {
            return OptionalLong.empty();
        }
    }

    private static boolean isCounts(JsonNode node) {
        return node.isArray() && node.valueStream()
                .allMatch(value -> value.isIntegralNumber() && value.canConvertToLong() && value.longValue() >= 0);
    }
}
