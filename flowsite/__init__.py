"""Flowsite builds, submits and watches Adobe Experience Platform source dataflows."""
