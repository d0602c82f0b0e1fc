package io.moe4j.trainer.checkpoint;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Folders of checkpoints. One is written as {@code step-000000010.part}, and renamed when it is whole, so that a folder named {@code step-…} always is, and
 * what was saved before is there until then.
 */
final class CheckpointFolder {
    private static final String PROGRESS = "progress.json";
    private static final Pattern NAME = Pattern.compile("step-\\d{9,}");

    private CheckpointFolder() {}

    static Path of(Path checkpoints, long step) {
        return checkpoints.resolve(String.format(Locale.ROOT, "step-%09d", step));
    }

    /** Where a checkpoint is written until it is whole. */
    static Path unfinished(Path folder) {
        return folder.resolveSibling(folder.getFileName() + ".part");
    }

    /** Makes the folder of an unfinished checkpoint, without what an earlier attempt may have left in it. */
    static void begin(Path folder) {
        try {
            remove(unfinished(folder));
            Files.createDirectories(unfinished(folder));
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be written", e);
        }
    }

    /** Makes an unfinished checkpoint a whole one, in place of one of the same step. */
    static void finish(Path folder, Progress progress) {
        Path old = old(folder);
        try {
            Files.writeString(unfinished(folder).resolve(PROGRESS), JsonMapper.shared().writeValueAsString(progress));
            remove(old);
            if (Files.exists(folder)) {
                Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(unfinished(folder), folder, StandardCopyOption.ATOMIC_MOVE);
            remove(old);
        } catch (FileAlreadyExistsException e) {
            throw new UncheckedIOException(folder + " was written by somebody else at the same time", e);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be written", e);
        }
    }

    /** The checkpoint that a path names: itself, or the newest one in it, or in the {@code checkpoints} folder of a run. */
    static Path resolve(Path path) {
        if (Files.isRegularFile(path.resolve(PROGRESS))) {
            return path;
        }
        return newest(path).or(() -> newest(path.resolve("checkpoints"))).orElseThrow(() -> new InputException(
                path + " is no checkpoint and has none: there is no " + PROGRESS + " in it, and no folder step-…; give"
                        + " checkpoint.resume the folder of a checkpoint, or of a run that has saved some"));
    }

    static Progress progress(Path folder) {
        Path file = folder.resolve(PROGRESS);
        try {
            return JsonMapper.shared().readValue(Files.readString(file), Progress.class);
        } catch (JacksonException e) {
            throw new InputException(
                    file + " is not what a checkpoint has (" + e.getOriginalMessage().lines().findFirst()
                            .orElse("") + "); the checkpoint is damaged, choose another one");
        } catch (IOException e) {
            throw new InputException(file + " cannot be read; see that it is a file that you may read", e);
        }
    }

    /** The files of a part, by whichever processes they were written. */
    static List<Path> files(Path folder, Part part) {
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> found = all.filter(file -> file.getFileName().toString().startsWith(part.file() + ".")
                    || file.getFileName().toString().startsWith(part.file() + "-"))
                    .filter(file -> file.getFileName().toString().endsWith(".safetensors")).sorted().toList();
            if (found.isEmpty()) {
                throw new InputException(folder + " has no file " + part.file()
                        + ".safetensors; the checkpoint is damaged, choose another one");
            }
            return found;
        } catch (IOException e) {
            throw new InputException(folder + " cannot be read", e);
        }
    }

    /** The newest whole checkpoint in a folder, if it has any. */
    static Optional<Path> newest(Path checkpoints) {
        List<Path> all = all(checkpoints);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** The whole checkpoints in a folder, if there is such a one, the newest last. */
    static List<Path> all(Path checkpoints) {
        if (!Files.isDirectory(checkpoints)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(checkpoints)) {
            return all.filter(each -> NAME.matcher(each.getFileName().toString()).matches())
                    .filter(each -> Files.isRegularFile(each.resolve(PROGRESS)))
                    .sorted(Comparator.comparing(each -> each.getFileName().toString())).toList();
        } catch (IOException e) {
            throw new InputException(checkpoints + " cannot be read", e);
        }
    }

    /** Removes a whole checkpoint; under another name, so that no half of one has the name of a whole one. */
    static void discard(Path folder) {
        Path old = old(folder);
        try {
            remove(old);
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            remove(old);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be removed", e);
        }
    }

    private static Path old(Path folder) {
        return folder.resolveSibling(folder.getFileName() + ".old");
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
