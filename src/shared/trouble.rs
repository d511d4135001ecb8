//! What stands in the way, in a word of our own where the provider has said none: stored beside its words, told in the reader's language.

text_enum! {
    /// Something that went wrong between the provider and us. The prefix keeps it apart from whatever a provider may say.
    Trouble {
        /// No connection was made.
        Unreachable = "zencall:unreachable",
        /// Asked, and no answer came.
        NoAnswer = "zencall:no_answer",
        /// It failed so often that it is left alone for a moment.
        Paused = "zencall:paused",
        /// An answer that is not understood.
        Garbled = "zencall:garbled",
        /// The address it gave leads elsewhere than to the provider.
        ForeignAddress = "zencall:foreign_address",
        /// A call that may have been placed; it was looked for, not found, and not placed again.
        Unconfirmed = "zencall:unconfirmed",
        /// The account has no line free.
        NoLineFree = "zencall:no_line_free",
        /// No number is left to call from.
        NoNumber = "zencall:no_number",
        /// The id at the provider is that of another number.
        OtherNumber = "zencall:other_number",
        /// The provider has no such number.
        UnknownNumber = "zencall:unknown_number",
    }
}
