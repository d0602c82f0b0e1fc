package io.moe4j.trainer.cli;

import io.moe4j.trainer.launch.RankEnvironment;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Where a run writes. */
final class RunFolder {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

    private RunFolder() {}

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
