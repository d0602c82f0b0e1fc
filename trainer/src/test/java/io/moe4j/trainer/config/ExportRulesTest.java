package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An export that cannot be made after the last step is refused before the first. */
class ExportRulesTest {

    @TempDir
    private Path folder;

    @Test
    void theFoldersOfTheRunAreNoPlaceForAnExport() {
        Path run = folder.resolve("run");
        for (Path taken : List.of(run, run.resolve("../run/checkpoints"), folder.resolve("."))) {
            assertTrue(refused("checkpoint.export=" + taken).contains("the run itself writes there"), taken.toString());
            assertTrue(refused("lora.export=" + taken).contains("the run itself writes there"), taken.toString());
        }
        accepted("checkpoint.export=" + run.resolve("model"));
        accepted("checkpoint.export=" + folder.resolve("run2"));
    }

    @Test
    void twoExportsHaveTwoFolders() {
        String updates = "lora.export=" + folder.resolve("a");
        String rule = "give the names of two folders";
        assertTrue(refused(updates, "checkpoint.export=" + folder.resolve("x/../a")).contains(rule));
        assertTrue(refused(updates, "checkpoint.export=" + folder.resolve("a/b")).contains(rule));
        assertTrue(refused("lora.export=" + folder.resolve("a/b"), "checkpoint.export=" + folder.resolve("a"))
                .contains(rule));
        assertEquals(-1, refused(updates, "checkpoint.export=" + folder.resolve("ab")).indexOf(rule));
    }

    @Test
    void linksAndNamesThatCannotBeMadeAreRefused() throws IOException {
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("not-there"));
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
        Files.writeString(folder.resolve("taken.part"), "");
        Files.createDirectory(folder.resolve("left.part"));
        assertTrue(refused("checkpoint.export=" + dangling).contains("exists already"));
        assertTrue(refused("checkpoint.export=" + loop).contains("exists already"));
        assertTrue(refused("checkpoint.export=" + folder.resolve("taken")).contains("taken.part until it is complete"));
        // With ".part" it has 256 bytes, and a name has at most 255.
        assertTrue(refused("checkpoint.export=" + folder.resolve("x".repeat(251))).contains("cannot be made ("));
        accepted("checkpoint.export=" + folder.resolve("x".repeat(240)));
        accepted("checkpoint.export=" + folder.resolve("left"));
    }

    /** Only making a folder there shows it: the rights of /proc let root write. */
    @Test
    void aPlaceWhereNoFolderCanBeMadeIsRefused() throws IOException {
        assumeTrue(Files.isDirectory(Path.of("/proc")));
        for (String key : List.of("checkpoint.export", "lora.export")) {
            assertTrue(refused(key + "=/proc/x", "lora.rank=4").contains("/proc/x cannot be made"), key);
        }
        accepted("checkpoint.export=" + folder.resolve("new/model"));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of("text.txt"), left.map(each -> each.getFileName().toString()).toList());
        }
    }

    /** The complete folder would have to replace the one on which something is mounted. */
    @Test
    void aMountedFileSystemIsRefused() throws IOException {
        Path mounted = mounted();
        assertTrue(refused("checkpoint.export=" + mounted).contains("the name of a new folder in it"));
        accepted("checkpoint.export=" + Files.createDirectory(folder.resolve("empty")));
    }

    /** An empty folder on which a file system is mounted. */
    private static Path mounted() throws IOException {
        Path mounts = Path.of("/proc/mounts");
        assumeTrue(Files.exists(mounts));
        for (String line : Files.readAllLines(mounts)) {
            Path each = Path.of(line.split(" ")[1]);
            if (each.getParent() != null && Files.isDirectory(each) && Files.isWritable(each)
                    && Files.isWritable(each.getParent()) && isEmpty(each)) {
                return each;
            }
        }
        return abort("nothing is mounted on an empty folder here");
    }

    private static boolean isEmpty(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    private void accepted(String override) {
        load(override);
    }

    private String refused(String... overrides) {
        return String.valueOf(assertThrows(ConfigException.class, () -> load(overrides), String.join(" ", overrides))
                .getMessage());
    }

    private void load(String... overrides) {
        new ConfigLoader(Plugins.load(List.of())).load(NamedConfigs.DEFAULT,
                Arguments.of(Stream.concat(Stream.of("data.path=" + text()), Stream.of(overrides))
                        .toArray(String[]::new)).overrides(),
                ConfigUse.training().withOutput(Optional.of(folder.resolve("run"))));
    }

    private Path text() {
        try {
            return Files.writeString(folder.resolve("text.txt"), "a text to be learned. ".repeat(1000));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
