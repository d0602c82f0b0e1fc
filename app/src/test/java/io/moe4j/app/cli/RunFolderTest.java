package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.Resume;
import io.moe4j.trainer.config.TrainerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder is of one run. */
class RunFolderTest {

    @TempDir
    private Path parent;

    @Test
    void runsOfOneSecondHaveFoldersOfTheirOwn() throws Exception {
        Set<Path> folders = new HashSet<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Path>> opened = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                opened.add(threads.submit(() -> {
                    try (RunFolder folder = RunFolder.openIn(parent, null, "config", "20260101-120000", fresh())) {
                        return folder.path();
                    }
                }));
            }
            for (Future<Path> each : opened) {
                folders.add(each.get());
            }
        }
        assertEquals(40, folders.size());
        assertTrue(folders.contains(parent.resolve("config-20260101-120000")), folders.toString());
        assertTrue(folders.contains(parent.resolve("config-20260101-120000-40")), folders.toString());
    }

    @Test
    void aFolderWithoutAnythingOfARunIsRemoved() throws IOException {
        Path unused = parent.resolve("unused");
        open(unused, new Resume.Nothing()).close();
        RunFolder.discardIfUnused(unused);
        assertFalse(Files.exists(unused));
        Path used = parent.resolve("used");
        open(used, new Resume.Nothing()).close();
        Files.writeString(used.resolve("config.toml"), "");
        RunFolder.discardIfUnused(used);
        assertTrue(Files.exists(used.resolve("run.lock")));
    }

    /** A run in such a folder would leave one that is two things, or data that changes. */
    @Test
    void foldersOfOtherThingsAreRefused() throws IOException {
        for (String file : List.of("config.json", "adapter_config.json", "tokens.properties")) {
            Path other = Files.createDirectories(parent.resolve("of " + file));
            Files.writeString(other.resolve(file), "{}");
            String refused = assertThrows(InputException.class, () -> open(other, new Resume.Nothing())).getMessage();
            assertTrue(refused.contains(" is a folder of ") && refused.contains("give an --output"), refused);
            assertFalse(Files.exists(other.resolve("run.lock")), "nothing is left there");
            Files.delete(other.resolve(file));
            open(other, new Resume.Nothing()).close();
        }
    }

    @Test
    void aRunDoesNotWriteIntoItsData() throws IOException {
        Path texts = Files.createDirectories(parent.resolve("texts"));
        TrainerConfig reading = fresh().withData(fresh().data().withPath(Optional.of(texts)));
        for (Path output : List.of(texts, texts.resolve("outputs/mine"))) {
            String refused = assertThrows(InputException.class,
                    () -> RunFolder.openIn(parent, output, "unused", "unused", reading)).getMessage();
            assertTrue(refused.contains(output + " is in " + texts + ", which is read as data"), refused);
            assertFalse(Files.exists(output), "it was made for the run");
        }
        Files.createDirectories(texts);
        RunFolder.openIn(parent, parent.resolve("texts-2"), "unused", "unused", reading).close();
    }

    /** One that has just begun has only its lock there: one that is refused does not take the folder away from it. */
    @Test
    void aRefusedRunLeavesTheLockOfAnother() throws IOException {
        Path texts = Files.createDirectories(parent.resolve("texts"));
        TrainerConfig reading = fresh().withData(fresh().data().withPath(Optional.of(texts)));
        try (RunFolder begun = open(texts.resolve("run"), new Resume.Nothing())) {
            assertThrows(InputException.class,
                    () -> RunFolder.openIn(parent, begun.path(), "unused", "unused", reading));
            assertTrue(Files.exists(begun.path().resolve("run.lock")), "the other run's");
        }
    }

    /** As where outputs is a link to a disk that is not mounted. */
    @Test
    void aLinkToNothingIsToldFromAFile() throws IOException {
        Path link = Files.createSymbolicLink(parent.resolve("link"), parent.resolve("not there"));
        Path file = Files.writeString(parent.resolve("file"), "");
        assertRefused(link,
                link + " is a link to what is not there, and cannot be the run's folder; give another --output");
        assertRefused(link.resolve("run"),
                link + " is a link to what is not there, and cannot be above the run's folder "
                        + link.resolve("run") + "; give another --output");
        assertRefused(file, file + " is a file, and cannot be the run's folder; give another --output");
    }

    private void assertRefused(Path folder, String message) {
        assertEquals(message,
                assertThrows(InputException.class, () -> open(folder, new Resume.Nothing()).close()).getMessage());
    }

    /** A kill while a file is written over leaves a part of it: another file takes its place instead, and a second name of the earlier one shows that. */
    @Test
    void theConfigurationIsReplacedAndNotWrittenOver() throws IOException {
        try (RunFolder run = open(parent.resolve("run"), new Resume.Nothing())) {
            Path config = run.path().resolve("config.toml");
            run.writeConfig("ranks = 1\n", 0);
            Path second = Files.createLink(parent.resolve("second"), config);
            run.writeConfig("ranks = 2\n", 0);
            assertEquals("ranks = 1\n", Files.readString(second));
            assertEquals("ranks = 2\n", Files.readString(config));
            FileTime before = FileTime.fromMillis(1_000_000_000_000L);
            Files.setLastModifiedTime(config, before);
            run.writeConfig("ranks = 2\n", 7);
            assertEquals(before, Files.getLastModifiedTime(config), "the same configuration is not written again");
            run.writeConfig("ranks = 3\n", 7);
            assertEquals("ranks = 2\n", Files.readString(run.path().resolve("config-to-step-7.toml")));
            assertEquals("ranks = 3\n", Files.readString(config));
            assertFalse(Files.exists(run.path().resolve("config.toml.part")));
        }
    }

    /** A folder in the place of the file that is written first fails as a full disk does. */
    @Test
    void aConfigurationThatCannotBeWrittenIsToldWithFileRoomAndRemedy() throws IOException {
        try (RunFolder run = open(parent.resolve("run"), new Resume.Nothing())) {
            Path config = run.path().resolve("config.toml");
            run.writeConfig("ranks = 1\n", 0);
            Files.createDirectories(run.path().resolve("config.toml.part/in the way"));
            String refused = assertThrows(InputException.class, () -> run.writeConfig("ranks = 2\n", 0)).getMessage();
            assertTrue(refused.startsWith(config + " cannot be written ("), refused);
            assertTrue(refused.endsWith(
                    " are free there); see that there is room and that you may write there, or give another --output"),
                    refused);
            assertEquals("ranks = 1\n", Files.readString(config));
        }
    }

    @Test
    void anotherRunAtTheSameTimeIsRefused() {
        Path given = parent.resolve("run");
        try (RunFolder first = open(given, new Resume.Nothing())) {
            InputException refused = assertThrows(InputException.class, () -> open(given, new Resume.Nothing()));
            assertTrue(refused.getMessage().contains("is in use by a run that has not ended (process "
                    + ProcessHandle.current().pid()), refused.getMessage());
        }
        open(given, new Resume.Nothing()).close();
    }

    @Test
    void anEarlierRunIsContinuedOrLeftAlone() throws IOException {
        Path given = Files.createDirectories(parent.resolve("run"));
        Path checkpoint = Files.createDirectories(given.resolve("checkpoints").resolve("step-000000001"));
        Path other = Files.createDirectories(parent.resolve("other"));
        String refused = assertThrows(InputException.class, () -> open(given, new Resume.Nothing())).getMessage();
        assertTrue(refused.contains("continue the earlier run with --checkpoint.resume " + given), refused);
        refused = assertThrows(InputException.class, () -> open(given, new Resume.From(other))).getMessage();
        assertTrue(refused.contains("not the one that --checkpoint.resume " + other + " names"), refused);
        open(given, new Resume.From(given)).close();
        open(given, new Resume.From(checkpoint)).close();
        Path link = Files.createSymbolicLink(parent.resolve("link"), given);
        open(given, new Resume.From(link)).close();
        open(link, new Resume.From(given)).close();

        Files.delete(checkpoint);
        open(given, new Resume.Nothing()).close();
        Files.writeString(given.resolve("metrics.jsonl"), "{}\n");
        refused = assertThrows(InputException.class, () -> open(given, new Resume.Nothing())).getMessage();
        assertFalse(refused.contains("continue the earlier run"), refused);
    }

    @Test
    void autoFindsTheRunOfThisConfigurationThatBeganLast() throws IOException {
        TrainerConfig auto = withResume(new Resume.Auto());
        String remark;
        try (RunFolder anew = RunFolder.openIn(parent, null, "mine", "20260101-120000", auto)) {
            assertEquals(parent.resolve("mine-20260101-120000"), anew.path());
            remark = anew.remark();
        }
        assertEquals("no run in " + parent + " with this configuration has a checkpoint", remark);
        TrainerConfig faster = auto.withOptimizer(auto.optimizer().withLr(0.5));
        saved("mine-20260101-120005", auto);
        Path newest = saved("mine-20260102-080000-2", auto.withTraining(auto.training().withSteps(7)));
        saved("mine-20260102-080000", auto);
        saved("mine-20260103-080000", faster);
        saved("mine-more-20260104-080000", auto);
        Files.createDirectories(parent.resolve("mine-20260105-080000"));
        try (RunFolder found = RunFolder.openIn(parent, null, "mine", "20260106-080000", auto)) {
            assertEquals(newest, found.path());
            assertEquals("", found.remark());
            // It is not left for an older one while another run has it.
            InputException inUse = assertThrows(InputException.class,
                    () -> RunFolder.openIn(parent, null, "mine", "20260106-080001", auto));
            assertTrue(inUse.getMessage().contains("is in use by a run"), inUse.getMessage());
        }
        TrainerConfig slower = auto.withOptimizer(auto.optimizer().withLr(0.25));
        try (RunFolder anew = RunFolder.openIn(parent, null, "mine", "20260106-080000", slower)) {
            assertEquals(parent.resolve("mine-20260106-080000"), anew.path());
            assertTrue(anew.remark().contains("of 4 runs of mine that have checkpoints, the newest does not fit: "
                    + parent.resolve("mine-20260103-080000") + " has another value of optimizer.lr"), anew.remark());
        }
    }

    /** Clocks are set back from 3 to 2 in autumn: a run of 02:50 may be older than one of 02:10. */
    @Test
    void theTimeThatARunHasRecordedCountsMoreThanItsName() throws IOException {
        TrainerConfig auto = withResume(new Resume.Auto());
        Path earlier = saved("mine-20261025-025000", auto);
        Path later = saved("mine-20261025-021000", auto);
        try (RunFolder found = RunFolder.openIn(parent, null, "mine", "20261026-080000", auto)) {
            assertEquals(earlier, found.path(), "the control: nothing is recorded");
        }
        recorded(earlier, "\"begun\": \"2026-10-25T00:50:00Z\", \"started\": \"2026-10-25T09:00:00Z\"");
        recorded(later, "\"started\": \"2026-10-25T01:10:00.123Z\"");
        try (RunFolder found = RunFolder.openIn(parent, null, "mine", "20261026-080000", auto)) {
            assertEquals(later, found.path());
        }
        recorded(earlier, "\"begun\": 7");
        recorded(later, "\"begun\": \"yesterday\"");
        try (RunFolder found = RunFolder.openIn(parent, null, "mine", "20261026-080000", auto)) {
            assertEquals(earlier, found.path(), "what is no time is none");
        }
    }

    private static void recorded(Path folder, String keys) throws IOException {
        Files.writeString(folder.resolve("run.json"), "{" + keys + "}");
    }

    @Test
    void autoBeginsARunThatSavedNothingAgainUnlessItIsAnotherOne() throws IOException {
        TrainerConfig auto = withResume(new Resume.Auto());
        Path given = Files.createDirectories(parent.resolve("run"));
        Files.writeString(given.resolve("metrics.jsonl"), "{}\n");
        Files.writeString(given.resolve("config.toml"), ConfigLoader.toml(auto));
        RunFolder.openIn(parent, given, "unused", "unused", auto).close();
        TrainerConfig other = auto.withTraining(auto.training().withSeed(77));
        String refused = assertThrows(InputException.class,
                () -> RunFolder.openIn(parent, given, "unused", "unused", other)).getMessage();
        assertTrue(refused.contains("has saved nothing and is of another configuration (training.seed)"), refused);
    }

    private Path saved(String name, TrainerConfig config) throws IOException {
        Path folder = parent.resolve(name);
        Files.createDirectories(folder.resolve("checkpoints").resolve("step-000000001"));
        Files.writeString(folder.resolve("config.toml"), ConfigLoader.toml(config));
        return folder;
    }

    private RunFolder open(Path given, Resume resume) {
        return RunFolder.openIn(parent, given, "unused", "unused", withResume(resume));
    }

    private static TrainerConfig withResume(Resume resume) {
        TrainerConfig config = fresh();
        return config.withCheckpoint(config.checkpoint().withResume(resume).withEnable(true));
    }

    private static TrainerConfig fresh() {
        return ConfigLoader.unchecked("defaults", List.of());
    }
}
