package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/** One receive buffer on every rank, with the scalars of its rows, and the dispatch that holds it now. */
final class ReceiveSlot implements Landing {
    private final ReceiveBuffer name;
    private final SymmetricMemory rows;
    private final SymmetricMemory scalars;
    private final Optional<SymmetricMemory> rowScales;
    private final Tensor rows_RD;
    private final Tensor outputs_RD;
    private final Tensor weights_R;
    private final Tensor scalars_R;
    private final Tensor chain_R;
    private long holder;

    /** Allocates the buffer; every rank must call this. */
    ReceiveSlot(ReceiveBuffer name, PeerGroup peers, Resources resources, CommConfig config, long capacity) {
        String purpose = "receive buffer: " + name.name().toLowerCase(java.util.Locale.ROOT);
        this.name = name;
        // Outputs overwrite the rows. Rows with scales have 8-bit elements, so the outputs are wider.
        DType widest = config.rowType().isScaled() ? config.returnType() : config.rowType();
        rows = resources.add(peers.allocate(Tensor.bytes(widest, capacity, config.dim()), purpose));
        rowScales = config.rowType().isScaled()
                ? Optional.of(resources.add(peers.allocate(Tensor.bytes(DType.F32, capacity, config.scalesOfRow()),
                        purpose + " scales")))
                : Optional.empty();
        // First the weights that arrive, then the scalars that go back.
        scalars = resources.add(peers.allocate(2 * Tensor.bytes(DType.F32, capacity), purpose + " scalars"));
        rows_RD = Tensor.of(rows.local(), 0, config.rowType(), capacity, config.dim()).withScales(rowScales.map(
                memory -> Scales.ofRows(Tensor.of(memory.local(), 0, DType.F32, capacity, config.scalesOfRow()))));
        outputs_RD = Tensor.of(rows.local(), 0, config.returnType(), capacity, config.dim());
        weights_R = Tensor.of(scalars.local(), 0, DType.F32, capacity);
        scalars_R = Tensor.of(scalars.local(), weights_R.bytes(), DType.F32, capacity);
        chain_R = Tensor.of(scalars.local(), weights_R.bytes(), DType.I32, capacity);
    }

    ReceiveBuffer name() {
        return name;
    }

    /** Takes over the buffer for {@code dispatch}: the lease of an earlier dispatch ends. */
    void take(long dispatch) {
        holder = dispatch;
    }

    @Override
    public void check(long dispatch) {
        if (dispatch != holder) {
            throw new IllegalStateException("the rows of dispatch " + dispatch + " were used after dispatch " + holder
                    + " took over the " + name + " buffer; use received rows before the next dispatch into the same"
                    + " buffer, or copy them");
        }
    }

    @Override
    public Tensor rows_RD() {
        return rows_RD;
    }

    /** The experts' outputs, in the same memory as the rows. */
    Tensor outputs_RD() {
        return outputs_RD;
    }

    @Override
    public Tensor weights_R() {
        return weights_R;
    }

    Tensor scalars_R() {
        return scalars_R;
    }

    /**
     * The chains that lead to the other places of rows that were sent once; see {@link OnceKernels}. They lie in the memory of {@link #scalars_R}, which
     * the experts write only after the rows have been spread.
     */
    Tensor chain_R() {
        return chain_R;
    }

    @Override
    public KernelArg peerRows() {
        return KernelArg.peers(rows);
    }

    @Override
    public KernelArg peerRowScales() {
        return KernelArg.peers(rowScales.orElseThrow());
    }

    @Override
    public KernelArg peerWeights() {
        return KernelArg.peers(scalars);
    }

    KernelArg peerChain() {
        return peerScalars();
    }

    KernelArg peerScalars() {
        return new KernelArg.Peers(scalars, weights_R.bytes());
    }
}
