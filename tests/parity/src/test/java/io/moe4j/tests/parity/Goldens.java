package io.moe4j.tests.parity;

import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.SafetensorsWriter;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Numbers of a PyTorch model of the same architecture in single precision, and copies with one tensor changed. */
final class Goldens {

    private Goldens() {}

    static Path path(String name) {
        URL url = Goldens.class.getResource(name + ".safetensors");
        if (url == null) {
            throw new IllegalStateException("golden " + name + " is missing");
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes a copy of a golden file to {@code folder}, in which {@code change} has changed the bytes of a tensor. */
    static Path changed(String name, Path folder, String tensor, Consumer<MemorySegment> change) {
        Path copy = folder.resolve("changed.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path(name))) {
            List<Declaration> declared = file.tensors().values().stream()
                    .map(entry -> new Declaration(entry.name(), entry.dtype(), entry.shape())).toList();
            try (SafetensorsWriter writer = SafetensorsWriter.create(copy, declared, file.metadata())) {
                for (Declaration each : declared) {
                    byte[] bytes = file.data(each.name()).toArray(ValueLayout.JAVA_BYTE);
                    if (each.name().equals(tensor)) {
                        change.accept(MemorySegment.ofArray(bytes));
                    }
                    writer.write(each.name(), 0, MemorySegment.ofArray(bytes));
                }
                writer.commit();
            }
        }
        return copy;
    }
}
