/** Python's values and operations, for which templates are written. */
@NullMarked
package io.moe4j.chattemplate.python;

import org.jspecify.annotations.NullMarked;
