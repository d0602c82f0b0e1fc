package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.InputException;
import io.moe4j.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Checkpoints of 0.1: {@code progress.json}, and {@code model}, {@code first_moment} and {@code second_moment} in {@code .safetensors} files, without a
 * manifest. This version reads them, and never writes them.
 */
final class OldLayout {
    private static final Map<Role, String> FILES = Collections.unmodifiableMap(new EnumMap<>(
            Map.of(Role.WEIGHTS, "model", Role.FIRST_MOMENT, "first_moment", Role.SECOND_MOMENT, "second_moment")));

    private OldLayout() {}

    static boolean isOne(Path folder) {
        return FILES.values().stream().anyMatch(name -> !files(folder, name).isEmpty());
    }

    static StoredCheckpoint open(Path folder) {
        Progress progress = Progress.decode(StoredCheckpoint.read(folder.resolve(Progress.FILE)));
        Map<Role, List<Path>> tensors = new EnumMap<>(Role.class);
        FILES.forEach((role, name) -> {
            List<Path> found = files(folder, name);
            if (found.isEmpty()) {
                throw new DamageException(name + ".safetensors: a file was expected, and there is none");
            }
            found.forEach(OldLayout::requireReadable);
            tensors.put(role, found);
        });
        return new StoredCheckpoint(folder, progress, tensors, List.of(), false);
    }

    private static void requireReadable(Path file) {
        try {
            SafetensorsFile.open(file).close();
        } catch (InputException e) {
            throw new DamageException(file.getFileName() + ": " + String.join("; ", String.valueOf(e.getMessage())
                    .lines().toList()));
        }
    }

    /** The files of a part, of all processes that wrote some. */
    private static List<Path> files(Path folder, String part) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> {
                String name = String.valueOf(file.getFileName());
                return name.endsWith(".safetensors") && (name.startsWith(part + ".") || name.startsWith(part + "-"));
            }).sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
