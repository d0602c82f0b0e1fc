package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

record PlanningEmbeddingOps(WorkMeter work) implements EmbeddingOps {

    @Override
    public void forward(Stream stream, Tensor ids_T, Tensor table_VD, Tensor out_TD) {
        check("embedding", ids_T, table_VD, out_TD);
        work.move(out_TD, out_TD);
    }

    @Override
    public void backward(Stream stream, Tensor ids_T, Tensor dout_TD, Tensor dtable_VD, boolean accumulate,
            Optional<Tensor> workspace) {
        check("embedding's gradient", ids_T, dtable_VD, dout_TD);
        work.move(dout_TD, dout_TD);
        workspace.ifPresent(scratch -> PlanningChecks.live("embedding's gradient", scratch));
    }

    @Override
    public boolean hasBackwardRows() {
        return true;
    }

    @Override
    public void backwardRows(Stream stream, Tensor ids_T, Tensor dout_TD, long first, Tensor dtable_nD,
            Optional<Tensor> workspace) {
        backward(stream, ids_T, dout_TD, dtable_nD, true, workspace);
    }

    private static void check(String operation, Tensor ids_T, Tensor table_VD, Tensor rows_TD) {
        PlanningChecks.live(operation, table_VD);
        PlanningChecks.sameRows(operation, ids_T, rows_TD);
        PlanningChecks.that(table_VD.dim(1) == rows_TD.dim(1), operation, "rows are as long as the table's", table_VD,
                rows_TD);
    }
}
