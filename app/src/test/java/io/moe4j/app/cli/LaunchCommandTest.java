package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.app.launcher.ProjectFiles;
import io.moe4j.app.supervise.JvmCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code launch} refuses before it starts a process, and how it divides the machine. */
class LaunchCommandTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"launch|there is no command to start: give train or eval",
            "launch train|--nproc is missing: it is the number of processes",
            "launch --nproc 0 train|--nproc 0: the number of processes on this machine is from 1 to 1024",
            "launch --nproc 2 plan|launch plan: only train and eval run in several processes",
            "launch train --nproc 2|--nproc stands after train: options of launch come before the command",
            "launch --nproc 3 train --ranks 2|ranks = 2, and launch starts 3 processes (--nproc 3)",
            "launch --nproc 3 eval model --ranks 2|ranks = 2, and launch starts 3 processes (--nproc 3)",
            "launch --nproc 2 --nnodes 2 --node-rank 0 --master-addr a --master-port 9 train --ranks 2"
                    + "|(--nproc 2 on each of 2 machines)",
            "launch --nproc 2 train --rank 1 --master-port 5|--rank, --master-port: launch numbers the processes",
            "launch --nproc 4 train --optimiser.lr 3|there is no such key; the nearest is optimizer.lr",
            "launch --nproc 4 train extra|unexpected: extra",
            "launch --nproc 2 --devices 0,1,2 train|--devices 0,1,2 names 3",
            "launch --nproc 4 --max-restarts 2 train --checkpoint.enable=false|but checkpoint.enable = false: a restart goes on from",
            "launch --nproc 2 --max-restarts 2 eval model|only train goes on from checkpoints",
            "launch --nproc 2 --nnodes 2 --node-rank 0 --master-addr a --master-port 9 --max-restarts 1 train --checkpoint.enable"
                    + "|give train an --output that all nodes share",
            "launch --nproc 4 --grace 0 train|--grace 0", "launch --nproc 4 --nproc 2 train|option '--nproc' ",
            "launch --nproc 4 --grace 99999999999 train|--grace 99999999999: it must lie between 1 and 999999999",
            "launch --nproc 4 --max-restarts -1 train|--max-restarts -1: it must be at least 0",
            "launch --nprox 2 train|there is no option --nprox; the nearest is --nproc"})
    void isRefusedWithTheRemedy(String command, String part) {
        StringWriter err = new StringWriter();
        List<String> words = new ArrayList<>(Arrays.asList(command.split(" ")));
        assertEquals(2, run(new StringWriter(), err, words), err::toString);
        assertTrue(err.toString().contains(part), err.toString());
    }

    @Test
    void aFileIsNoFolderForLogs() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        StringWriter err = new StringWriter();
        assertEquals(2, run(new StringWriter(), err, List.of("launch", "--nproc", "1", "--log-dir", file.toString(),
                "train", "--model.from", ProjectFiles.tinyModel(), "--data.tokenizer", "bytes")), err::toString);
        assertTrue(err.toString().contains("--log-dir " + file + " cannot be made"), err.toString());
    }

    @Test
    void helpAfterTheCommandIsThatOfTheCommand() {
        StringWriter out = new StringWriter();
        assertEquals(0, run(out, new StringWriter(), List.of("launch", "--help")));
        assertTrue(out.toString().contains("--max-restarts"), out.toString());
        StringWriter train = new StringWriter();
        assertEquals(0, run(train, new StringWriter(), List.of("launch", "train", "--help")));
        assertTrue(train.toString().contains("moe4j train [OPTION]"), train.toString());
    }

    @Test
    void devicesAreListedAndCounted() {
        assertEquals(List.of(0, 2, 4, 5, 6), DeviceList.parse("0,2, 4-6", 5));
        assertEquals(List.of(1, 1), DeviceList.parse("1,1", 2));
        for (String wrong : List.of("", "0,", "a", "-1", "3-1", "0-3")) {
            assertThrows(InputException.class, () -> DeviceList.parse(wrong, 2), wrong);
        }
    }

    @Test
    void processorsAreDivided() {
        int all = Runtime.getRuntime().availableProcessors();
        assertEquals(all, JvmCommand.share(1).processors());
        assertEquals(1, JvmCommand.share(all).processors());
        assertEquals(1, JvmCommand.share(2 * all).processors());
        List<String> command = new JvmCommand(3, 700).of(Main.class, List.of("-Dx=y"), List.of("train"));
        assertTrue(command.containsAll(List.of("-XX:ActiveProcessorCount=3", "-Xmx700m", "-Dx=y")), command::toString);
        assertEquals("train", command.getLast());
        assertTrue(command.get(command.size() - 2).endsWith(Main.class.getName()), command::toString);
    }

    private static int run(StringWriter out, StringWriter err, List<String> words) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words.toArray(String[]::new));
    }
}
