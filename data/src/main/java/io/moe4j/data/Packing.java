package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * Makes ids, labels and document starts from sequences. A sequence of S + 1 tokens has S ids and S labels: its tokens without the last, and without the
 * first.
 *
 * <p>For example, the documents {@code 5 6 E} and {@code 7 8 9 E}, in one sequence of 6 + 1 tokens:
 * <pre>
 *   tokens                     5 6 E 7 8 9 E
 *   ids                        5 6 E 7 8 9
 *   labels, neither option     6 E 7 8 9 E
 *   labels, either option      6 E -100 8 9 E
 *   starts                     0 0 0 3 3 3
 * </pre>
 *
 * @param documentBoundaries whether tokens see only their own document: batches have {@link SequenceBatch#starts_T}. The label that follows a document,
 *     and those of padding, are ignored
 * @param maskDocumentEnds whether the label that follows a document, and those of padding, are ignored
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Packing(boolean documentBoundaries, boolean maskDocumentEnds) {

    /** Every token sees all that come before it in its sequence, and every label is learned. */
    public static final Packing JOINED = new Packing(false, false);

    /**
     * Puts a sequence into a batch.
     *
     * @param window S + 1 marked tokens
     * @param batch receives S tokens
     * @param from where in the batch
     */
    void put(int[] window, SequenceBatch batch, int from) {
        int ignored = MarkedToken.NOT_LEARNED
                | (documentBoundaries || maskDocumentEnds ? MarkedToken.FIRST | MarkedToken.PADDING : 0);
        for (int s = 0; s < window.length - 1; s++) {
            batch.ids_T()[from + s] = MarkedToken.id(window[s]);
            int label = window[s + 1];
            batch.labels_T()[from + s] = MarkedToken.has(label, ignored) ? SequenceBatch.IGNORED
                    : MarkedToken.id(label);
        }
        batch.starts_T().ifPresent(starts -> {
            int start = 0;
            for (int s = 0; s < window.length - 1; s++) {
                start = MarkedToken.has(window[s], MarkedToken.FIRST) ? s : start;
                starts[from + s] = start;
            }
        });
    }
}
