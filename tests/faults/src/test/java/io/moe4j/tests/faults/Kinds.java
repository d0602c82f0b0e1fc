package io.moe4j.tests.faults;

import io.moe4j.tests.faults.FaultPlan.Share;
import io.moe4j.tests.faults.StoreCut.Disk;
import java.util.List;

/** All kinds of faults, with the number of each in a hundred. */
final class Kinds {

    private Kinds() {}

    static FaultPlan all() {
        return new FaultPlan(List.of(new Share(StoreCut.kill(Disk.SOUND), 14),
                new Share(StoreCut.power(Disk.SOUND), 23),
                new Share(StoreCut.start(Disk.SOUND), 12),
                new Share(new StoreFailure(true, true), 8),
                new Share(new StoreFailure(false, true), 8),
                new Share(new DamagedFile(true), 13),
                new Share(new DamagedForCommand(true), 4),
                new Share(new RunCut(true), 4),
                new Share(new RunFailure(true), 3),
                new Share(new LyingRank(true), 3),
                new Share(new MissingPart(true), 1),
                new Share(new BrokenWire(true), 2),
                new Share(new FlippedBit(true), 2),
                new Share(new KilledProcess(1, true), 2),
                new Share(new KilledProcess(2, true), 1)));
    }
}
