package io.moe4j.data;

/**
 * A place between two documents.
 *
 * @param file index in the list of files; their number at the end
 * @param position in the file; empty for its beginning
 * @param counts counts up to this place
 */
record TokenizePlace(int file, String position, DataCounts counts) {
    static final TokenizePlace BEGINNING = new TokenizePlace(0, "", DataCounts.NONE);
}
