package io.moe4j.tests.gpu;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Corrupts the memory handles that other ranks offer: the last bytes, which hold the handle from the driver, become zero. */
record SpoilingRendezvous(Rendezvous meeting) implements Rendezvous {
    private static final int HANDLE_BYTES = 64;

    @Override
    public List<byte[]> exchange(Group group, String key, byte[] mine) {
        List<byte[]> given = meeting.exchange(group, key, mine);
        if (key.startsWith("symmetric memory")) {
            given.stream().filter(offer -> offer.length > HANDLE_BYTES)
                    .forEach(offer -> Arrays.fill(offer, offer.length - HANDLE_BYTES, offer.length, (byte) 0));
        }
        return given;
    }

    @Override
    public void fail(RankFailure failure) {
        meeting.fail(failure);
    }

    @Override
    public Optional<RankFailure> failure() {
        return meeting.failure();
    }
}
