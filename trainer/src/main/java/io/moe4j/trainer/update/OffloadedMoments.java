package io.moe4j.trainer.update;

import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Moments in the host's memory. They are copied to the device in chunks, each into one of a few slots: one stream fetches, the rank's main stream updates, and
 * a third one copies back. While a chunk is copied back from one slot, the next one is fetched into another, so that the link is used in both directions.
 *
 * <p>Example with chunks 0 to 4 and two slots: visits of step 1 are numbered 0 to 4, those of step 2 are 5 to 9, and visit k is of chunk k mod 5, in slot
 * k mod 2. As soon as visit 4 is enqueued, the chunks of visits 5 and 6 are fetched. This, and copying back the last two chunks, takes place while the next
 * step's forward and backward run. Forward and backward may be a captured graph, which neither waits for these copies nor delays them.
 *
 * <p>Accesses to the same bytes are ordered as follows. A chunk is fetched into a slot only after the slot's last content was copied back (event
 * {@code free}). Chunks are copied back in the order of visits on one stream, so a chunk is also fetched from the host only after it was copied back in the
 * step before.
 */
final class OffloadedMoments implements Moments {
    /** Chunks begin at multiples of this number of elements, so that kernels work on the same groups of elements as on whole shards. */
    private static final long ALIGNMENT = 128;

    private final RankContext rank;
    private final Resources resources;
    private final List<UnitMoments> units;
    private final List<Chunk> chunks = new ArrayList<>();
    private final List<Slot> slots = new ArrayList<>();
    private final Stream fetching;
    private final Stream returning;
    /** Number of the next visit. */
    private long next;
    /** Number of the next visit whose chunk is not fetched yet. */
    private long fetched;
    private Optional<Event> returned = Optional.empty();
    private boolean settled;

    /** Elements of a unit that are copied together. */
    private record Chunk(UnitMoments unit, long from, long to) {
        Tensor first() {
            return unit.first().slice(0, from, to);
        }

        Tensor second() {
            return unit.second().slice(0, unit.update().secondBefore(from), unit.update().secondBefore(to));
        }
    }

    /** Room for a chunk on the device. */
    private static final class Slot {
        private final Tensor first;
        private final Tensor second;
        private Optional<Event> loaded = Optional.empty();
        private Optional<Event> free = Optional.empty();

        Slot(Tensor first, Tensor second) {
            this.first = first;
            this.second = second;
        }

        Tensor first(Chunk chunk) {
            return first.slice(0, 0, chunk.to - chunk.from);
        }

        Tensor second(Chunk chunk) {
            return second.slice(0, 0, chunk.second().elements());
        }
    }

    /** Allocates moments of zero on the host, and the slots on the device. */
    static OffloadedMoments open(RankContext rank, List<UnitUpdate> updates, DType dtype, long chunkBytes,
            int slots) {
        return Resources.open("optimizer state",
                resources -> new OffloadedMoments(rank, updates, dtype, chunkBytes, slots, resources));
    }

    private OffloadedMoments(RankContext rank, List<UnitUpdate> updates, DType dtype, long chunkBytes,
            int slotsWanted, Resources resources) {
        this.rank = rank;
        this.resources = resources;
        units = updates.stream().map(update -> UnitMoments.open(rank, update, dtype, true, resources)).toList();
        long most = Math.max(1, chunkBytes / dtype.bytes() / ALIGNMENT) * ALIGNMENT;
        for (UnitMoments unit : units) {
            for (long from = 0; from < unit.update().elements(); from += most) {
                chunks.add(new Chunk(unit, from, Math.min(from + most, unit.update().elements())));
            }
        }
        long first = chunks.stream().mapToLong(chunk -> chunk.to - chunk.from).max().orElse(0);
        long second = chunks.stream().mapToLong(chunk -> chunk.second().elements()).max().orElse(0);
        for (int i = 0; i < Math.min(slotsWanted, chunks.size()); i++) {
            slots.add(new Slot(slot(first, dtype), slot(second, dtype)));
        }
        // Opened last, so that they are closed first, before the memory that they copy is freed.
        fetching = resources.add(rank.device().openCopyStream(rank.stream().name() + ", fetching moments"));
        returning = resources.add(rank.device().openCopyStream(rank.stream().name() + ", returning moments"));
    }

    private Tensor slot(long elements, DType dtype) {
        Memory memory = resources
                .add(rank.device().allocate(Tensor.bytes(dtype, elements), "optimizer state on its way"));
        return Tensor.of(memory, 0, dtype, elements);
    }

    @Override
    public List<UnitMoments> units() {
        return units;
    }

    @Override
    public void visit(UnitMoments unit, Consumer<UpdatePart> visitor) {
        for (Chunk chunk : chunks) {
            if (chunk.unit.equals(unit)) {
                requireNext(chunk);
                fetchAhead();
                Slot slot = slot(next);
                rank.stream().await(slot.loaded.orElseThrow());
                unit.forEachPart(chunk.from, chunk.to, slot.first(chunk), slot.second(chunk), visitor);
                takeBack(chunk, slot);
                next++;
                fetchAhead();
            }
        }
    }

    private void requireNext(Chunk chunk) {
        if (!chunks.get(index(next)).equals(chunk)) {
            throw new IllegalStateException("moments of unit " + chunk.unit.update().unit().name() + " are visited when"
                    + " those of unit " + chunks.get(index(next)).unit.update().unit().name()
                    + " are next; visit each unit once, in their order");
        }
    }

    /** Enqueues fetching the chunks of the next visits, as many as there are slots. */
    private void fetchAhead() {
        if (settled) {
            settled = false;
            fetching.await(rank.stream().record());
        }
        for (; fetched < next + slots.size(); fetched++) {
            Chunk chunk = chunks.get(index(fetched));
            Slot slot = slot(fetched);
            slot.free.ifPresent(fetching::await);
            fetching.copy(chunk.first(), slot.first(chunk));
            fetching.copy(chunk.second(), slot.second(chunk));
            slot.loaded = Optional.of(fetching.record());
        }
    }

    private void takeBack(Chunk chunk, Slot slot) {
        returning.await(rank.stream().record());
        returning.copy(slot.first(chunk), chunk.first());
        returning.copy(slot.second(chunk), chunk.second());
        returned = Optional.of(returning.record());
        slot.free = returned;
    }

    @Override
    public void settle() {
        returned.ifPresent(rank.stream()::await);
        // The host's copy of a chunk that was fetched ahead may be overwritten now: fetch it again.
        fetched = next;
        settled = true;
    }

    private int index(long visit) {
        return (int) (visit % chunks.size());
    }

    private Slot slot(long visit) {
        return slots.get((int) (visit % slots.size()));
    }

    @Override
    public void close() {
        resources.close();
    }
}
