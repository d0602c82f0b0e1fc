package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.launch.RankEnvironment;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where a run writes. */
final class RunFolder {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    private RunFolder() {}

    /**
     * Makes the folder: before anything that takes long, since a run that cannot write is of no use.
     *
     * @throws InputException if that cannot be
     */
    static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new InputException(folder + " is a file, and cannot be the run's folder; give another --output");
        } catch (IOException e) {
            throw new InputException("the run's folder " + folder + " cannot be made (" + e.getMessage()
                    + "); give an --output in a folder that you may write", e);
        }
        if (!Files.isWritable(folder)) {
            throw new InputException("the run's folder " + folder
                    + " cannot be written; give an --output in a folder that you may write");
        }
    }

    /**
     * The folder that was given, or {@code outputs/CONFIG-DATE-TIME}; several processes, which would not see the same time, take their meeting place
     * instead.
     */
    static Path of(@Nullable Path given, String config, RankEnvironment environment) {
        if (given != null) {
            return given;
        }
        String file = String.valueOf(Path.of(config).getFileName());
        String name = file.endsWith(".toml") ? file.substring(0, file.length() - ".toml".length()) : file;
        String suffix = environment.master().map(master -> master.host() + "-" + master.port())
                .orElseGet(() -> LocalDateTime.now().format(TIME));
        return Path.of("outputs", name + "-" + suffix);
    }
}
