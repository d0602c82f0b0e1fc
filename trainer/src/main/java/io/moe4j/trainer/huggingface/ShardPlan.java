package io.moe4j.trainer.huggingface;

import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Divides tensors into files: each takes as many as fit, in their order. With at most 10 bytes in a file, tensors of 4, 4, 4 and 12 bytes go into three
 * files: the first two, the third, and the last by itself.
 *
 * @param files the tensors of each file
 */
record ShardPlan(List<List<Declaration>> files) {

    ShardPlan {
        files = files.stream().map(List::copyOf).toList();
    }

    /** @param most the most bytes of tensors in a file, unless a single tensor has more */
    static ShardPlan of(List<Declaration> tensors, long most) {
        List<List<Declaration>> files = new ArrayList<>();
        long room = -1;
        for (Declaration tensor : tensors) {
            long bytes = bytes(tensor);
            if (bytes > room) {
                files.add(new ArrayList<>());
                room = most;
            }
            files.getLast().add(tensor);
            room -= bytes;
        }
        return new ShardPlan(files);
    }

    /** {@code model-00001-of-00002.safetensors}. */
    String name(int file) {
        return String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", file + 1, files.size());
    }

    long bytes() {
        return files.stream().flatMap(List::stream).mapToLong(ShardPlan::bytes).sum();
    }

    /** The content of the index. */
    Map<String, Object> index() {
        Map<String, String> map = new LinkedHashMap<>();
        for (int file = 0; file < files.size(); file++) {
            String name = name(file);
            files.get(file).forEach(tensor -> map.put(tensor.name(), name));
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("total_parameters", files.stream().flatMap(List::stream).mapToLong(Declaration::elements).sum());
        metadata.put("total_size", bytes());
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", metadata);
        index.put("weight_map", map);
        return index;
    }

    private static long bytes(Declaration tensor) {
        return Math.multiplyExact(tensor.elements(), tensor.type().bytes());
    }
}
