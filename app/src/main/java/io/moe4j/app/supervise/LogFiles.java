package io.moe4j.app.supervise;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A file for each process with all its output: {@code rank-2.log}, named after its first rank. A restarted process appends to its file. If a file can no
 * longer be written, as on a full disk, one remark is made, nothing more is written to it, and the run goes on.
 */
public final class LogFiles implements AutoCloseable {
    private final Path folder;
    private final Consumer<String> remarks;
    private final Map<Integer, Optional<Writer>> files = new HashMap<>();

    private LogFiles(Path folder, Consumer<String> remarks) {
        this.folder = folder;
        this.remarks = remarks;
    }

    /**
     * Makes the folder.
     *
     * @param remarks receives a line for each file that is given up
     * @throws InputException if the folder cannot be made or written
     */
    public static LogFiles in(Path folder, Consumer<String> remarks) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new InputException("--log-dir " + folder + " cannot be made (" + Shown.fileProblem(e)
                    + "): each rank writes its log there; give a folder that you may write", e);
        }
        if (!Files.isWritable(folder)) {
            throw new InputException("--log-dir " + folder
                    + " cannot be written: each rank writes its log there; give a folder that you may write");
        }
        return new LogFiles(folder, remarks);
    }

    /** The path of a process's log, given the first rank of the process. */
    public Path file(int rank) {
        return folder.resolve("rank-" + rank + ".log");
    }

    synchronized void add(int rank, String line) {
        files.computeIfAbsent(rank, this::open).ifPresent(file -> {
            try {
                file.write(line + "\n");
                file.flush();
            } catch (IOException e) {
                giveUp(rank, e);
            }
        });
    }

    private Optional<Writer> open(int rank) {
        try {
            return Optional.of(Files.newBufferedWriter(file(rank), StandardCharsets.UTF_8, StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND));
        } catch (IOException e) {
            tell(rank, e);
            return Optional.empty();
        }
    }

    private void giveUp(int rank, IOException reason) {
        tell(rank, reason);
        files.put(rank, Optional.empty()).ifPresent(LogFiles::drop);
    }

    private void tell(int rank, IOException reason) {
        remarks.accept(file(rank) + " cannot be written any more (" + Shown.fileProblem(reason)
                + "): the run goes on without this log");
    }

    @Override
    public synchronized void close() {
        files.values().forEach(file -> file.ifPresent(LogFiles::drop));
        files.clear();
    }

    /** Closes the files. Failures were reported at each line, since each line is flushed. */
    private static void drop(Writer file) {
        try {
            file.close();
        } catch (IOException e) {
            // Each line was flushed when it was written: closing loses nothing more.
        }
    }
}
