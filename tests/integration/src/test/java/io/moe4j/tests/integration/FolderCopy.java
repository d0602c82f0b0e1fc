package io.moe4j.tests.integration;

import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.SafetensorsWriter;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import io.moe4j.safetensors.StoredType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A model folder in memory, to be changed and written as another one. */
final class FolderCopy {
    final Map<String, Stored> tensors = new LinkedHashMap<>();
    String config;

    /** A tensor. */
    record Stored(StoredType type, List<Long> shape, byte[] bytes) {

        static Stored floats(List<Long> shape, float... values) {
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return new Stored(StoredType.F32, shape, bytes.array());
        }

        float[] floats() {
            float[] values = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
            return values;
        }
    }

    private FolderCopy(String config) {
        this.config = config;
    }

    static FolderCopy of(Path folder) throws IOException {
        FolderCopy copy = new FolderCopy(Files.readString(folder.resolve("config.json")));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path path : files.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList()) {
                try (SafetensorsFile file = SafetensorsFile.open(path)) {
                    file.tensors().forEach((name, entry) -> copy.tensors.put(name, new Stored(entry.type(),
                            entry.shape(), file.data(name).toArray(ValueLayout.JAVA_BYTE))));
                }
            }
        }
        return copy;
    }

    /** Writes one file without an index. */
    Path single(Path folder) throws IOException {
        Files.createDirectories(folder);
        write(folder.resolve("model.safetensors"), new ArrayList<>(tensors.keySet()));
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    /** Writes two files with an index. */
    Path two(Path folder) throws IOException {
        Files.createDirectories(folder);
        List<String> names = new ArrayList<>(tensors.keySet());
        List<String> index = new ArrayList<>();
        for (int file = 0; file < 2; file++) {
            String path = "model-0000" + (file + 1) + "-of-00002.safetensors";
            List<String> mine = file == 0 ? names.subList(0, names.size() / 2)
                    : names.subList(names.size() / 2, names.size());
            write(folder.resolve(path), mine);
            mine.forEach(name -> index.add("\"" + name + "\": \"" + path + "\""));
        }
        Files.writeString(folder.resolve("model.safetensors.index.json"),
                "{\"metadata\": {}, \"weight_map\": {" + String.join(", ", index) + "}}");
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    private void write(Path path, List<String> names) {
        List<Declaration> declared = names.stream().map(name -> {
            Stored tensor = tensors.get(name);
            return new Declaration(name, tensor.type(), tensor.shape());
        }).toList();
        try (SafetensorsWriter writer = SafetensorsWriter.create(path, declared, Map.of("format", "pt"))) {
            names.forEach(name -> writer.write(name, 0, MemorySegment.ofArray(tensors.get(name).bytes())));
            writer.commit();
        }
    }
}
