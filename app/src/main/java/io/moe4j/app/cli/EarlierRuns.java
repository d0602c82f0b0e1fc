package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.metrics.RunFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The runs of one configuration in the folder of all runs: {@code outputs/NAME-20261129-080000}, and {@code outputs/NAME-20261129-080000-2} for a second one of
 * that second.
 *
 * @param parent the folder that holds the folders of all runs
 * @param name of the configuration
 */
record EarlierRuns(Path parent, String name) {

    /** A run's folder, and when the run began, with its number among the runs of that second. */
    private record Begun(Path folder, Instant time, int number) {}

    /**
     * The result of the search.
     *
     * @param folder the folder of the run to continue, if there is one
     * @param remark why there is none, as a text for people; empty if there is one
     */
    record Search(Optional<Path> folder, String remark) {}

    /**
     * Looks for the run to continue: among those that have checkpoints and the same training configuration, the one that began last.
     *
     * @param config of this run
     */
    Search newestOf(TrainerConfig config) {
        List<Begun> saved = all().stream()
                .filter(run -> !CheckpointChoice.candidates(run.folder.resolve(CheckpointChoice.CHECKPOINTS)).isEmpty())
                .toList();
        List<String> others = new ArrayList<>();
        for (Begun run : saved.reversed()) {
            List<String> differences = new EarlierRun(run.folder, true).differences(config);
            if (differences.isEmpty()) {
                return new Search(Optional.of(run.folder), "");
            }
            others.add(run.folder + " has " + (differences.size() > 3 ? differences.size() + " other values, such as "
                    : "another value of ")
                    + String.join(", ", differences.subList(0, Math.min(3, differences.size()))));
        }
        return new Search(Optional.empty(), "no run in " + parent + " with this configuration has a checkpoint"
                + (others.isEmpty() ? "" : " (of " + Shown.count(others.size(), "run") + " of " + name + " that "
                        + (others.size() == 1 ? "has" : "have") + " checkpoints, the newest does not fit: "
                        + others.getFirst() + "; continue it with --output)"));
    }

    /** Sorted by start, so that the last one is the newest. */
    private List<Begun> all() {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        Pattern form = Pattern.compile(Pattern.quote(name) + "-([0-9]{8}-[0-9]{6})(?:-([0-9]{1,4}))?");
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.filter(Files::isDirectory).flatMap(folder -> begun(form, folder).stream())
                    .sorted(Comparator.comparing(Begun::time).thenComparingInt(Begun::number)
                            .thenComparing(Begun::folder))
                    .toList();
        } catch (IOException e) {
            throw new InputException("the runs in " + parent + " cannot be listed (" + Shown.fileProblem(e)
                    + "); give the run's folder with --output", e);
        }
    }

    private static Optional<Begun> begun(Pattern form, Path folder) {
        Matcher matcher = form.matcher(String.valueOf(folder.getFileName()));
        return matcher.matches() ? Optional.of(new Begun(folder, begun(folder, matcher.group(1)),
                matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2)))) : Optional.empty();
    }

    /**
     * When a run began. The time in a folder's name is local time: after the end of daylight saving time, or in another time zone, a later run may have an
     * earlier name. So the time that the run recorded is used, and the name's time only for runs that recorded none.
     */
    private static Instant begun(Path folder, String inName) {
        return RunFile.begun(folder.resolve(RunFile.NAME)).orElseGet(() -> inZone(inName));
    }

    private static Instant inZone(String time) {
        try {
            return LocalDateTime.parse(time, RunFolder.TIME).atZone(ZoneId.systemDefault()).toInstant();
        } catch (DateTimeParseException e) {
            // A name that a user has chosen.
            return Instant.MIN;
        }
    }
}
