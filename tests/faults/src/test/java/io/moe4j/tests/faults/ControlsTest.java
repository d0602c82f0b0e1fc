package io.moe4j.tests.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.tests.faults.StoreCut.Disk;
import io.moe4j.tests.faults.Verdict.Judgement;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** With a protection switched off, each kind of fault must report what then goes wrong. This shows that it would be noticed. */
class ControlsTest {

    @TempDir
    private Path folder;

    static Stream<Arguments> controls() {
        return Stream.of(Arguments.of("names that are final from the beginning", StoreCut.kill(Disk.NAMES_EARLY),
                Judgement.LOST, 30),
                Arguments.of("a disk whose force does nothing", StoreCut.power(Disk.FORCES_NOTHING), Judgement.LOST,
                        30),
                Arguments.of("a disk whose force does nothing", StoreCut.start(Disk.FORCES_NOTHING), Judgement.LOST,
                        30),
                Arguments.of("a full disk that does not say so", new StoreFailure(true, false), Judgement.LOST, 30),
                Arguments.of("a failing disk that does not say so", new StoreFailure(false, false), Judgement.LOST, 30),
                Arguments.of("a reader without digests", new DamagedFile(false), Judgement.WRONG, 30),
                Arguments.of("a command that sees no damage", new DamagedForCommand(false), Judgement.WRONG, 1),
                Arguments.of("a disk whose force does nothing", new RunCut(false), Judgement.LOST, 4),
                Arguments.of("another learning rate", new RunCut(true, "optimizer.lr=2e-2"), Judgement.WRONG, 4),
                Arguments.of("an error that names nothing", new RunFailure(false), Judgement.UNCLEAR, 4),
                Arguments.of("a rendezvous that says that all agree", new LyingRank(false), Judgement.WRONG, 1),
                Arguments.of("a rank 0 that does not look", new MissingPart(false), Judgement.LOST, 2),
                Arguments.of("values that no seal protects", new BrokenWire(false), Judgement.WRONG, 1),
                Arguments.of("copies that are never compared", new FlippedBit(false), Judgement.WRONG, 1),
                Arguments.of("checkpoints that are not there", new KilledProcess(1, false), Judgement.LOST, 1));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("controls")
    void whatIsNotProtectedIsReported(String without, FaultKind kind, Judgement expected, int tries) throws Exception {
        Harness harness = new Harness(folder, Duration.ofMinutes(1));
        List<Verdict> all = new ArrayList<>();
        boolean reported = false;
        for (int number = 0; number < tries && !reported; number++) {
            all.add(harness.inject(kind, FaultPlan.random(number)));
            reported = all.getLast().judgement() == expected;
        }
        assertTrue(reported, () -> without + ": " + all);
    }
}
