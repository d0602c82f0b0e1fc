package io.moe4j.app.cli;

import io.moe4j.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of {@code train}: writes the page about the run, and suggests the next commands. */
final class EndOfRun {
    private static final Logger log = LoggerFactory.getLogger(EndOfRun.class);

    private EndOfRun() {}

    /** Whether the page about a run must still be written, because the run was killed before it wrote the page about its steps. */
    static boolean isOwed(Path folder) {
        Path steps = folder.resolve("metrics.jsonl");
        Path page = folder.resolve(Report.FILE_NAME);
        try {
            return Files.exists(steps) && (!Files.exists(page)
                    || Files.getLastModifiedTime(page).compareTo(Files.getLastModifiedTime(steps)) < 0);
        } catch (IOException e) {
            // Writing the page reports the problem with the folder.
            return true;
        }
    }

    /**
     * Writes the page. If that fails, the failure is logged, and the run does not fail because of it.
     *
     * @param folder of the run
     * @param named whether the user chose the folder; folders that were not chosen all lie in {@code outputs}, so that one command can compare them
     * @param saved whether it has a checkpoint
     * @param chat whether conversations were trained on, so that the model is asked with its chat template
     * @param prompt options of {@code generate} with a prompt that suits the data; empty if none is known
     * @return lines for people
     */
    static String report(Path folder, boolean named, boolean saved, boolean chat, String... prompt) {
        Path file = folder.resolve(Report.FILE_NAME);
        try {
            Report.of(List.of(folder)).write(file);
        } catch (RuntimeException e) {
            log.warn("the page about this run cannot be written: {}; \"{}\" tries again", e.getMessage(),
                    ShellCommand.of("report", folder.toString()));
            return "";
        }
        List<String> arguments = new ArrayList<>(List.of("generate"));
        if (saved) {
            arguments.add(folder.toString());
        }
        if (chat) {
            arguments.add("--chat");
        }
        if (saved) {
            arguments.addAll(List.of(prompt));
        }
        String command = ShellCommand.of(arguments.toArray(String[]::new));
        String generate = saved ? command
                : "the same with --checkpoint.enable: it keeps the model, for " + command;
        // The star is not quoted: the shell must expand it.
        String report = named || folder.getParent() == null ? ShellCommand.of("report", folder.toString())
                : ShellCommand.of("report", folder.getParent().toString()) + "/*";
        return String.format(Locale.ROOT, "report    %s (open it in a browser)%nnext      %s%n          %s%n", file,
                generate, report);
    }
}
