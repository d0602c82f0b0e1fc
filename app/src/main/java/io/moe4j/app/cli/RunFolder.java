package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a run writes. The folder belongs to one run: it is locked while the run lasts, and what an earlier run has left in it is neither overwritten nor mixed
 * with; only a run that continues that one goes on in it.
 */
final class RunFolder implements AutoCloseable {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);
    private static final Path PARENT = Path.of("outputs");
    private static final int MOST_IN_A_SECOND = 1000;

    private final Path path;
    private final RunLock lock;

    private RunFolder(Path path, RunLock lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Makes the folder and locks it: before anything that takes long, since a run that cannot write is of no use.
     *
     * @param given what the user asked for; if absent, {@code outputs/CONFIG-DATE-TIME}, with a number after it where other runs have started in the
     *     same second
     * @param config name or file of the configuration
     * @param resume the checkpoint or run that is continued
     * @throws InputException if it cannot be made or written, is in use, or has an earlier run that is not the one that is continued
     */
    static RunFolder open(@Nullable Path given, String config, Optional<Path> resume) {
        return openIn(PARENT, given, nameOf(config) + "-" + LocalDateTime.now(ZoneId.systemDefault()).format(TIME),
                resume);
    }

    /** The same, with the folder of new folders and the name of a new one. */
    static RunFolder openIn(Path parent, @Nullable Path given, String name, Optional<Path> resume) {
        Path path = given == null ? makeNew(parent, name) : make(given);
        if (!Files.isWritable(path)) {
            throw new InputException("the run's folder " + path
                    + " cannot be written; give an --output in a folder that you may write");
        }
        RunLock lock = RunLock.take(path);
        try {
            EarlierRun.in(path).ifPresent(earlier -> earlier.requireContinuedBy(resume));
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
        return new RunFolder(path, lock);
    }

    /** Where it is. */
    Path path() {
        return path;
    }

    /**
     * Writes {@code config.toml}. A different one of the run that is continued is kept beside it, as {@code config-to-step-40.toml}.
     *
     * @param toml the configuration
     * @param stepsDone steps that were made with the earlier one
     */
    void writeConfig(String toml, long stepsDone) throws IOException {
        Path file = path.resolve("config.toml");
        if (stepsDone > 0 && Files.isRegularFile(file) && !Files.readString(file).equals(toml)) {
            Files.move(file, path.resolve("config-to-step-" + stepsDone + ".toml"),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        Files.writeString(file, toml);
    }

    @Override
    public void close() {
        lock.close();
    }

    private static Path make(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new InputException(folder + " is a file, and cannot be the run's folder; give another --output");
        } catch (IOException e) {
            throw cannotBeMade(folder, e);
        }
    }

    /** Two processes never get the same: making a folder succeeds for one of them. */
    private static Path makeNew(Path parent, String name) {
        make(parent);
        for (int i = 1; i <= MOST_IN_A_SECOND; i++) {
            Path folder = parent.resolve(i == 1 ? name : name + "-" + i);
            try {
                return Files.createDirectory(folder);
            } catch (FileAlreadyExistsException e) {
                // Another run has it: the next number.
            } catch (IOException e) {
                throw cannotBeMade(folder, e);
            }
        }
        throw new InputException(parent.resolve(name) + " and " + (MOST_IN_A_SECOND - 1)
                + " others of the same second exist; give an --output");
    }

    private static InputException cannotBeMade(Path folder, IOException e) {
        return new InputException("the run's folder " + folder + " cannot be made (" + e.getMessage()
                + "); give an --output in a folder that you may write", e);
    }

    private static String nameOf(String config) {
        String file = String.valueOf(Path.of(config).getFileName());
        return file.endsWith(".toml") ? file.substring(0, file.length() - ".toml".length()) : file;
    }
}
