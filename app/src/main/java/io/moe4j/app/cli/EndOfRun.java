package io.moe4j.app.cli;

import io.moe4j.report.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The page about a run that has ended, and what to try next. */
final class EndOfRun {
    private static final Logger log = LoggerFactory.getLogger(EndOfRun.class);

    private EndOfRun() {}

    /**
     * Writes the page. A run does not fail because of it: what cannot be written is logged.
     *
     * @param folder of the run
     * @param named whether the user chose the folder; the others are all in one place, so that they can be compared
     * @param saved whether it has a checkpoint
     * @param prompt a text that suits the data, as options of {@code generate}; nothing where none is known
     * @return lines for people
     */
    static String report(Path folder, boolean named, boolean saved, String... prompt) {
        Path file = folder.resolve(Report.FILE_NAME);
        try {
            Report.of(List.of(folder)).write(file);
        } catch (RuntimeException e) {
            log.warn("the page about this run cannot be written: {}; \"{}\" tries again", e.getMessage(),
                    ShellCommand.of("report", folder.toString()));
            return "";
        }
        List<String> arguments = new ArrayList<>(List.of("generate", folder.toString()));
        arguments.addAll(List.of(prompt));
        String generate = saved ? ShellCommand.of(arguments.toArray(String[]::new))
                : "the same with --checkpoint.enable: it keeps the model, for " + ShellCommand.of("generate");
        // The star is the shell's to read: it is not quoted.
        String report = named || folder.getParent() == null ? ShellCommand.of("report", folder.toString())
                : ShellCommand.of("report", folder.getParent().toString()) + "/*";
        return String.format(Locale.ROOT, "report    %s (open it in a browser)%nnext      %s%n          %s%n", file,
                generate, report);
    }
}
