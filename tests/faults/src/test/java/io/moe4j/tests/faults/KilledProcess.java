package io.moe4j.tests.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process, or one of two, gets a SIGKILL at a random moment; the run is continued.
 *
 * @param processes 1 or 2, over which the ranks are spread evenly
 * @param saved control if false: the checkpoints are removed before the run is continued
 */
record KilledProcess(int processes, boolean saved) implements FaultKind {
    private static final int STEPS = 60;
    private static final Pattern SAVED = Pattern.compile("saved (\\d+)");

    @Override
    public String name() {
        return processes == 1 ? "SIGKILL of a JVM" : "SIGKILL of one of two JVMs";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws Exception {
        Path output = Files.createDirectory(folder.resolve("run"));
        int victim = random.nextInt(processes);
        // From the first step on; most steps take a few milliseconds.
        int millis = random.nextInt(250);
        List<Process> started = new ArrayList<>();
        String port = String.valueOf(Ports.free());
        for (int i = 0; i < processes; i++) {
            started.add(processes == 1
                    ? ChildRun.start(log(folder, i), output.toString(), String.valueOf(STEPS))
                    : ChildRun.start(log(folder, i), output.toString(), String.valueOf(STEPS), String.valueOf(i),
                            port));
        }
        try {
            while (reported(folder) == 0 && started.stream().allMatch(Process::isAlive)) {
                Thread.sleep(2);
            }
            Thread.sleep(millis);
            started.get(victim).destroyForcibly().waitFor();
            String injected = "process " + victim + " of " + processes + " killed " + millis
                    + " ms after its first step, " + reported(folder) + " steps reported";
            if (reported(folder) == 0) {
                return Verdict.unclear(injected, "it did not start: " + Files.readString(log(folder, 0)));
            }
            for (int i = 0; i < processes; i++) {
                if (i == victim) {
                    continue;
                }
                Process other = started.get(i);
                if (!other.waitFor(30, TimeUnit.SECONDS)) {
                    return Verdict.unclear(injected, "process " + i + " still runs after 30 s");
                }
                String text = Files.readString(log(folder, i));
                boolean finished = reported(folder) == STEPS;
                if (!finished && (other.exitValue() != 1 || !text.contains("rank " + victim + " failed"))) {
                    return Verdict.unclear(injected,
                            "process " + i + " ends with " + other.exitValue() + " and does not name the rank: "
                                    + text);
                }
            }
            if (!saved) {
                Trees.remove(output.resolve("checkpoints"));
            }
            Map<Long, Double> undisturbed = TinyRun.undisturbed(STEPS);
            return new RunJudge(undisturbed).judge(injected, output, reported(folder), "checkpoint.interval=1000");
        } finally {
            started.forEach(Process::destroyForcibly);
        }
    }

    private static Path log(Path folder, int process) {
        return folder.resolve("process" + process + ".log");
    }

    /** The newest step that the process with rank 0 has reported. */
    private static long reported(Path folder) throws IOException {
        Matcher saved = SAVED.matcher(Files.readString(log(folder, 0)));
        long newest = 0;
        while (saved.find()) {
            newest = Long.parseLong(saved.group(1));
        }
        return newest;
    }
}
