package io.moe4j.tests.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.tests.contract.Thoroughness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More flipped bits than among the faults of a build; with {@code -Pthorough}, in every sort of copy, in high and low bits. */
class FlippedBitTest {
    private static final int FLIPS = Thoroughness.of(2, 6);

    @TempDir
    private Path folder;

    @Test
    void eachIsNoticedAndNoneIsSaved() throws IOException {
        for (int number = 0; number < Integer.getInteger("flips", FLIPS); number++) {
            Verdict verdict = new FlippedBit(true).inject(FaultPlan.random(number),
                    Files.createDirectory(folder.resolve(String.valueOf(number))));
            assertTrue(verdict.isHeld(), verdict::toString);
        }
    }
}
