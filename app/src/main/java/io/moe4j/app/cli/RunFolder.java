package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.host.FreeSpace;
import io.moe4j.api.host.WholeFile;
import io.moe4j.trainer.config.Resume;
import io.moe4j.trainer.config.TrainerConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder to which a run writes. It belongs to one run: it is locked while the run lasts, and a folder with an earlier run is accepted only if the new run
 * continues that one.
 */
final class RunFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RunFolder.class);
    static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);
    private static final Path PARENT = Path.of("outputs");
    private static final int MOST_IN_A_SECOND = 1000;

    private final Path path;
    private final RunLock lock;
    private final String remark;

    private RunFolder(Path path, RunLock lock, String remark) {
        this.path = path;
        this.lock = lock;
        this.remark = remark;
    }

    /**
     * Makes the folder and locks it. This is done before anything that takes long, so that a run that cannot write fails early.
     *
     * @param given what the user asked for; if absent, the folder of the earlier run that {@code checkpoint.resume = "auto"} finds, or
     * {@code outputs/CONFIG-DATE-TIME}, with a number after it if other runs have started in the same second
     * @param config name or file of the configuration
     * @param values the values of the configuration
     * @throws InputException if the folder cannot be made or written, is in use, or has an earlier run that this run does not continue
     */
    static RunFolder open(@Nullable Path given, String config, TrainerConfig values) {
        return openIn(PARENT, given, nameOf(config), LocalDateTime.now(ZoneId.systemDefault()).format(TIME), values);
    }

    /** The same, with the folder in which new ones are made, and the name and time of a new one; for tests too. */
    static RunFolder openIn(Path parent, @Nullable Path given, String config, String time, TrainerConfig values) {
        if (given == null && values.checkpoint().resume() instanceof Resume.Auto) {
            EarlierRuns.Search search = new EarlierRuns(parent, config).newestOf(values);
            Path path = search.folder().isPresent() ? search.folder().get() : makeNew(parent, config + "-" + time);
            return lock(path, values, search.remark());
        }
        return lock(given == null ? makeNew(parent, config + "-" + time) : make(given), values, "");
    }

    private static RunFolder lock(Path path, TrainerConfig values, String remark) {
        if (!Files.isWritable(path)) {
            throw new InputException("the run's folder " + path
                    + " cannot be written; give an --output in a folder that you may write");
        }
        requireFree(path, values);
        RunLock lock = RunLock.take(path);
        try {
            EarlierRun.in(path).ifPresent(earlier -> earlier.requireContinuedBy(values));
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
        return new RunFolder(path, lock, remark);
    }

    /** Before the lock, which would leave its file there. A run that is there already may go on. */
    private static void requireFree(Path path, TrainerConfig values) {
        try {
            if (EarlierRun.in(path).isEmpty()) {
                FolderUse.requireFree(path, values);
            }
        } catch (InputException e) {
            // Another run may have just begun here, and has only locked the folder so far.
            if (Files.notExists(path.resolve(RunLock.FILE))) {
                discardIfUnused(path);
            }
            throw e;
        }
    }

    /** The path of the folder. */
    Path path() {
        return path;
    }

    /** Why the run continues no earlier one although it looked for one; empty if the folder itself shows the reason. */
    String remark() {
        return remark;
    }

    /**
     * Writes {@code config.toml}. If the continued run has a different one, that is kept beside it, as {@code config-to-step-40.toml}.
     *
     * <p>The file is replaced atomically, so that it is never incomplete, even after a kill, a power cut or on a full disk:
     * {@code checkpoint.resume = "auto"} recognises the run by it.
     *
     * @param toml the configuration
     * @param stepsDone steps that were made with the earlier configuration
     * @throws InputException if that fails; an earlier file is unchanged
     */
    void writeConfig(String toml, long stepsDone) {
        Path file = path.resolve(EarlierRun.CONFIG);
        try {
            write(file, toml, stepsDone);
        } catch (IOException e) {
            throw new InputException(file + " cannot be written (" + FreeSpace.problem(path, e)
                    + "); see that there is room and that you may write there, or give another --output", e);
        }
    }

    private void write(Path file, String toml, long stepsDone) throws IOException {
        byte[] bytes = toml.getBytes(StandardCharsets.UTF_8);
        if (Files.isRegularFile(file)) {
            if (Arrays.equals(Files.readAllBytes(file), bytes)) {
                return;
            }
            if (stepsDone > 0) {
                WholeFile.write(path.resolve("config-to-step-" + stepsDone + ".toml"), to -> Files.copy(file, to));
            }
        }
        WholeFile.write(file, toml);
    }

    /**
     * Removes a new folder to which its run has written nothing, because the run could not be opened: {@code outputs} should list runs only.
     *
     * @param folder the folder, which no run uses any more; it is kept if it has anything besides the lock file
     */
    static void discardIfUnused(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            if (files.anyMatch(file -> !file.endsWith(RunLock.FILE))) {
                return;
            }
        } catch (IOException e) {
            return;
        }
        try {
            Files.deleteIfExists(folder.resolve(RunLock.FILE));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            log.debug("the unused folder {} stays", folder, e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }

    private static Path make(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            // One of the folders above, or the folder itself.
            Path at = Path.of(String.valueOf(e.getFile()));
            throw new InputException(at + (Files.exists(at)
                    ? " is a file, and cannot be " : " is a link to what is not there, and cannot be ")
                    + (at.equals(folder) ? "the run's folder" : "above the run's folder " + folder)
                    + "; give another --output");
        } catch (IOException e) {
            throw cannotBeMade(folder, e);
        }
    }

    /** Makes a new folder. Two processes never get the same one, because only one of them succeeds in making it. */
    private static Path makeNew(Path parent, String name) {
        make(parent);
        for (int i = 1; i <= MOST_IN_A_SECOND; i++) {
            Path folder = parent.resolve(i == 1 ? name : name + "-" + i);
            try {
                return Files.createDirectory(folder);
            } catch (FileAlreadyExistsException e) {
                // Another run has this folder: try the next number.
            } catch (IOException e) {
                throw cannotBeMade(folder, e);
            }
        }
        throw new InputException(parent.resolve(name) + " and " + (MOST_IN_A_SECOND - 1)
                + " others of the same second exist; give an --output");
    }

    private static InputException cannotBeMade(Path folder, IOException e) {
        return new InputException("the run's folder " + folder + " cannot be made (" + reason(e)
                + "); give an --output in a folder that you may write", e);
    }

    /** If an exception's message is only the path, the exception's type says what went wrong. */
    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "permission denied: " + denied.getFile();
            case NoSuchFileException missing -> "no folder can be made there: " + missing.getFile();
            default -> String.valueOf(e.getMessage());
        };
    }

    private static String nameOf(String config) {
        String file = String.valueOf(Path.of(config).getFileName());
        return file.endsWith(".toml") ? file.substring(0, file.length() - ".toml".length()) : file;
    }
}
